using System.Text.Json;
using Metering.Host.Tests.Support;
using Xunit;

namespace Metering.Host.Tests.Commands;

public sealed class LedgerCommandTests(RunningServer server)
{
    private readonly string _tenant = RunningServer.NewTenant();

    [Fact]
    public async Task What_is_posted_by_hand_is_in_the_trial_balance_the_statement_and_the_export()
    {
        using TempFolder folder = new();
        string[] invoice = ["ledger", "post", "--reference", "opening/1", "--debit", "Receivable:acme=72.00", "--credit", "Revenue=60", "TaxPayable=12.00", "--currency", "USD", "--reason", "opening", "--approver", "ada", "--on", "2026-01-15"];
        Assert.Equal("manual:opening/1 would be posted for 2026-01-15. Nothing was kept.", (await RunAsync([.. invoice, "--dry-run"])).Out.Trim());
        Assert.Equal("manual:opening/1 is posted for 2026-01-15.", (await RunAsync(invoice)).Out.Trim());
        Assert.Equal("manual:opening/1 was posted before; nothing is posted again.", (await RunAsync(invoice)).Out.Trim());

        CommandRun balance = await RunAsync("ledger", "trial-balance");
        Assert.Contains("TaxPayable", balance.Out, StringComparison.Ordinal);
        Assert.Equal("72.00", Json(await RunAsync("ledger", "trial-balance", "--json")).GetProperty("currencies")[0].GetProperty("credit").GetString());
        CommandRun statement = await RunAsync("ledger", "statement", "acme", "--from", "2026-01-01", "--until", "2026-02-01");
        Assert.Contains("manual:opening/1", statement.Out, StringComparison.Ordinal);
        string file = folder.Path("entries.csv");
        CommandRun export = await RunAsync("ledger", "export", file, "--csv");
        Assert.Equal(0, export.ExitCode);
        Assert.Equal(4, (await File.ReadAllLinesAsync(file, TestContext.Current.CancellationToken)).Length);
        Assert.StartsWith("Go on with --cursor ", export.Error, StringComparison.Ordinal);
        Assert.Equal(2, (await RunAsync("ledger", "export", file)).ExitCode);

        Assert.Equal(0, (await RunAsync("ledger", "reverse", "manual:opening/1", "--reference", "opening/1-back", "--reason", "wrong", "--approver", "ada")).ExitCode);
        CommandRun twice = await RunAsync("ledger", "reverse", "manual:opening/1", "--reference", "opening/1-again", "--reason", "wrong", "--approver", "ada");
        Assert.Equal((1, true), (twice.ExitCode, twice.Error.Contains("AlreadyReversed", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_month_is_recognised_and_closed()
    {
        Assert.Equal("0 postings for 0 lines.", (await RunAsync("ledger", "recognize", "--until", "2026-01")).Out.Trim());
        Assert.Equal("2026-01 is closed. The first open day is 2026-02-01.", (await RunAsync("ledger", "close", "2026-01", "--approver", "ada", "--yes")).Out.Trim());
        Assert.Equal("2026-01 is closed already. The first open day is 2026-02-01.", (await RunAsync("ledger", "close", "2026-01", "--approver", "ada", "--yes")).Out.Trim());
        CommandRun late = await RunAsync("ledger", "post", "--reference", "late", "--debit", "Fees=1", "--credit", "Bank=1", "--currency", "USD", "--reason", "late", "--approver", "ada", "--on", "2026-01-31");
        Assert.Equal((1, true), (late.ExitCode, late.Error.Contains("MonthClosed", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task An_entry_without_an_amount_is_one_sentence()
    {
        CommandRun run = await RunAsync("ledger", "post", "--reference", "x", "--debit", "Fees", "--credit", "Bank=1", "--currency", "USD", "--reason", "x", "--approver", "ada");
        Assert.Equal((2, "metering: --debit Fees: expected ACCOUNT=AMOUNT, such as Bank=0.05."), (run.ExitCode, run.Error.Trim()));
    }

    private Task<CommandRun> RunAsync(params string[] args) => server.RunAsync(_tenant, args);

    private static JsonElement Json(CommandRun run) => JsonDocument.Parse(run.Out).RootElement;
}
