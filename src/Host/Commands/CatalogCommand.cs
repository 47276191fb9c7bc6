using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Metering.Host.Catalog;
using Metering.Host.Client;
using Metering.Host.Settings;

namespace Metering.Host.Commands;

/// <summary><c>metering catalog</c>: prices as code.</summary>
internal static class CatalogCommand
{
    public static Command Create() => new("catalog", """
        Keep the whole catalogue in a file: products, features, tax rates, discounts, overrides and price books.

        Examples:
          metering catalog export catalog.yaml
          metering catalog plan catalog.yaml
          metering catalog apply catalog.yaml
        """)
    {
        CreatePlan(),
        CreateApply(),
        CreateExport(),
    };

    private static Command CreatePlan()
    {
        Argument<string> file = File();
        Option<bool> asJson = new("--json") { Description = "The server's answer as it is" };
        return ClientCommand.Create("plan", """
            Show what applying a file would change, with sample bills for each price that changes. Nothing is written.

            Exit code: 0 no changes, 1 changes, 2 the file cannot be planned.

            Examples:
              metering catalog plan catalog.yaml
              metering catalog plan catalog.yaml --json
            """, [file, asJson], (client, parsed, token) => RefusalIsTroubleAsync(async () =>
        {
            using JsonDocument answer = await new CatalogClient(client).PlanAsync(await ReadAsync(parsed.GetValue(file)!, token), token);
            PlanText plan = new(answer.RootElement);
            if (parsed.GetValue(asJson))
            {
                Console.WriteLine(JsonText.Indented(answer.RootElement));
            }
            else
            {
                plan.Write();
            }

            return plan.ChangesNothing ? ExitCode.Success : ExitCode.Failed;
        }));
    }

    private static Command CreateApply()
    {
        Argument<string> file = File();
        Option<bool> yes = new("--yes") { Description = "Do not ask" };
        return ClientCommand.Create("apply", """
            Make the catalogue what a file says, in one transaction. Shows the plan and asks. What the file lacks is archived.

            Examples:
              metering catalog apply catalog.yaml
              metering catalog apply catalog.yaml --yes
            """, [file, yes], async (client, parsed, token) =>
        {
            CatalogClient server = new(client);
            YamlCatalog catalog = await ReadAsync(parsed.GetValue(file)!, token);
            using JsonDocument answer = await server.PlanAsync(catalog, token);
            PlanText plan = new(answer.RootElement);
            plan.Write();
            if (plan.ChangesNothing)
            {
                return ExitCode.Success;
            }

            if (!parsed.GetValue(yes) && !Terminal.Confirmed("Apply?"))
            {
                return ExitCode.Failed;
            }

            using JsonDocument applied = await server.ApplyAsync(catalog, plan.Version, token);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"Applied. The catalogue is at version {JsonText.Member(applied.RootElement, "version")}."));
            return ExitCode.Success;
        });
    }

    private static Command CreateExport()
    {
        Argument<string?> file = new("FILE") { Description = "Where to write it (default: standard output)", Arity = ArgumentArity.ZeroOrOne };
        return ClientCommand.Create("export", """
            Write the catalogue as YAML that plans to no change. A file that is there is not overwritten.

            Examples:
              metering catalog export catalog.yaml
              metering catalog export > catalog.yaml
            """, [file], async (client, parsed, token) =>
        {
            using JsonDocument answer = await new CatalogClient(client).ExportAsync(token);
            string yaml = YamlText.Of(answer.RootElement.GetProperty("catalog"));
            if (parsed.GetValue(file) is not { } path)
            {
                await Console.Out.WriteAsync(yaml);
                return ExitCode.Success;
            }

            await using StreamWriter writer = new(new FileStream(path, FileMode.CreateNew));
            await writer.WriteAsync(yaml);
            return ExitCode.Success;
        });
    }

    private static Argument<string> File() => new("FILE") { Description = "The catalogue in YAML" };

    private static async Task<YamlCatalog> ReadAsync(string file, CancellationToken cancellationToken)
    {
        try
        {
            return YamlCatalog.Read(file, await System.IO.File.ReadAllTextAsync(file, cancellationToken));
        }
        catch (UnauthorizedAccessException denied)
        {
            throw new SettingsException(denied.Message);
        }
    }

    /// <summary>As with diff, 1 says that there are changes, so that everything else must be 2.</summary>
    private static async Task<int> RefusalIsTroubleAsync(Func<Task<int>> run)
    {
        try
        {
            return await run();
        }
        catch (ServerException refused)
        {
            throw new SettingsException(refused.Message);
        }
    }
}
