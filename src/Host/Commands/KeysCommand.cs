using System.CommandLine;
using System.Globalization;
using Metering.Host.Client;
using Metering.Host.Settings;
using Metering.Storage.Postgres.ApiKeys;
using Npgsql;
using Spectre.Console;

namespace Metering.Host.Commands;

/// <summary><c>metering keys</c>: who may send and read usage. Talks to PostgreSQL, because the first key cannot be made with a key.</summary>
internal static class KeysCommand
{
    public static Command Create() => new("keys", """
        Create, list and revoke API keys.

        Examples:
          metering keys create --tenant acme --name billing
          metering keys list
          metering keys revoke 01HZX5M0F0C3W2J9T4R7Y8K6QV
        """)
    {
        CreateCreate(),
        CreateList(),
        CreateRevoke(),
    };

    private static Command CreateCreate()
    {
        Option<string> tenant = new("--tenant") { Description = "Whose usage the key sends and reads", HelpName = "NAME", Required = true };
        Option<string> name = new("--name") { Description = "For people: who has it", HelpName = "TEXT", DefaultValueFactory = _ => "cli" };
        return OnStore("create", """
            Create a key and print it. It is shown this once: only its hash is kept.

            Examples:
              metering keys create --tenant acme --name billing
              export METERING_API_KEY=$(metering keys create --tenant acme)
            """, [tenant, name], async (store, parsed, token) =>
        {
            NewApiKey made = await store.CreateAsync(parsed.GetValue(tenant)!, parsed.GetValue(name)!, token);
            await Console.Error.WriteLineAsync($"Key {made.Key.Id} of {made.Key.Tenant} ({made.Key.Name}); it is not shown again:");
            Console.WriteLine(made.Secret);
            return ExitCode.Success;
        });
    }

    private static Command CreateList()
    {
        Option<string?> tenant = new("--tenant") { Description = "Only this tenant's", HelpName = "NAME" };
        return OnStore("list", """
            List keys, revoked ones included.

            Examples:
              metering keys list --tenant acme
            """, [tenant], async (store, parsed, token) =>
        {
            Table table = Terminal.NewTable("id", "tenant", "name", "starts with", "created", "revoked");
            foreach (ApiKey key in await store.ListAsync(parsed.GetValue(tenant), token))
            {
                table.AddRow(key.Id, Markup.Escape(key.Tenant), Markup.Escape(key.Name), key.Prefix, Text(key.CreatedAt), Text(key.RevokedAt));
            }

            Terminal.Out().Write(table);
            return ExitCode.Success;
        });
    }

    private static Command CreateRevoke()
    {
        Argument<string> id = new("ID") { Description = "As listed" };
        return OnStore("revoke", """
            Revoke a key. Servers refuse it within 30 seconds.

            Examples:
              metering keys revoke 01HZX5M0F0C3W2J9T4R7Y8K6QV
            """, [id], async (store, parsed, token) =>
        {
            bool revoked = await store.RevokeAsync(parsed.GetValue(id)!, token);
            Console.WriteLine(revoked ? $"{parsed.GetValue(id)} is revoked." : $"{parsed.GetValue(id)} is no valid key: it does not exist, or was revoked before.");
            return revoked ? ExitCode.Success : ExitCode.Failed;
        });
    }

    private static Command OnStore(string name, string description, IEnumerable<Symbol> symbols, Func<ApiKeyStore, ParseResult, CancellationToken, Task<int>> run)
    {
        Command command = new(name, description);
        foreach (Symbol symbol in symbols)
        {
            if (symbol is Argument argument)
            {
                command.Arguments.Add(argument);
            }
            else
            {
                command.Options.Add((Option)symbol);
            }
        }

        ServerOptions options = new();
        options.AddPostgresTo(command);
        command.SetAction((parsed, token) => Running.GuardAsync(async () =>
        {
            IConfigurationRoot configuration = options.Configuration(parsed);
            string connection = RunningPostgres.Find(Running.Settings(configuration), isAddressGiven: configuration["Postgres"] is not null);
            return await WithStoreAsync(connection, store => run(store, parsed, token));
        }));
        return command;
    }

    private static async Task<int> WithStoreAsync(string connection, Func<ApiKeyStore, Task<int>> run)
    {
        try
        {
            await using NpgsqlDataSource source = NpgsqlDataSource.Create(connection);
            return await run(new ApiKeyStore(source, TimeProvider.System));
        }
        catch (NpgsqlException problem)
        {
            throw new SettingsException($"PostgreSQL: {problem.Message}. Is the server running, and is this its address?");
        }
    }

    private static string Text(DateTimeOffset? instant) => instant?.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture) ?? "";
}
