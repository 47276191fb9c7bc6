using System.Diagnostics;
using Metering.Billing.Ledger;
using Metering.Billing.Postgres.Ledger;
using Metering.Embedded.Postgres;
using Metering.Storage.Postgres;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Xunit;

namespace Metering.BillingCore.Tests.Ledger;

/// <summary>PostgreSQL is killed around a commit: who posts again what he is not sure of is told what had happened.</summary>
public sealed class LedgerCrashTests : IAsyncLifetime
{
    private readonly string _folder = Path.Combine(Path.GetTempPath(), $"metering-ledger-crash-{Environment.ProcessId}");
    private EmbeddedPostgres _server = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _server = await EmbeddedPostgres.StartAsync(
        new EmbeddedPostgresOptions { DataPath = Path.Combine(_folder, "postgres") }, NullLoggerFactory.Instance, TimeProvider.System, Token);

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task After_a_crash_what_was_committed_is_AlreadyPosted_and_what_was_not_is_posted()
    {
        await using PostgresDatabase direct = new(_server.ConnectionString);
        await direct.MigrateAsync(Token);
        Books books = new(direct);
        LedgerTransaction[] batch = [Books.Move("invoice", Books.Receivable("c"), Books.Revenue, 500), Books.Move("payment", Books.Bank, Books.Receivable("c"), 200)];

        await using (Billing.Postgres.Tenancy.TenantTransaction uncommitted = await books.BeginAsync())
        {
            await LedgerStore.PostAsync(uncommitted, batch, PostMode.Atomic, Token);
            await KillAsync();
            await Assert.ThrowsAnyAsync<NpgsqlException>(() => uncommitted.CommitAsync(Token));
        }

        await AnswersAsync(direct);
        Assert.Empty(await books.InAsync(transaction => LedgerStore.ReadAsync(transaction, ["invoice", "payment"], Token)));
        await using LostAnswerProxy proxy = new(_server.Endpoint, KillAsync);
        await using PostgresDatabase lossy = new(new NpgsqlConnectionStringBuilder(_server.ConnectionString) { Port = proxy.Port, SslMode = SslMode.Disable }.ConnectionString);
        await Assert.ThrowsAnyAsync<Exception>(() => new Books(lossy, books.Tenant).PostAsync(PostMode.Atomic, batch));

        await AnswersAsync(direct);
        Assert.Equal([PostResult.AlreadyPosted, PostResult.AlreadyPosted], await books.PostAsync(PostMode.Atomic, batch));
        Assert.Equal(Books.Usd(300), await books.BalanceAsync(Books.Receivable("c")));
        Assert.Equal(0, await books.DifferencesAsync());
    }

    private async Task KillAsync()
    {
        int restarts = _server.Restarts;
        using Process process = Process.GetProcessById(_server.ProcessId);
        process.Kill();
        while (_server.Restarts == restarts)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(20));
        }
    }

    private static async Task AnswersAsync(PostgresDatabase database)
    {
        while (true)
        {
            try
            {
                await using NpgsqlCommand command = database.Source.CreateCommand("select 1");
                await command.ExecuteScalarAsync(Token);
                return;
            }
            catch (NpgsqlException)
            {
                database.Source.Clear();
                await Task.Delay(TimeSpan.FromMilliseconds(50), Token);
            }
        }
    }
}
