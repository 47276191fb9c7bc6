using Metering.Host.Import;
using Metering.Host.Tests.Support;
using Xunit;

namespace Metering.Host.Tests.Import;

public sealed class ImportCommandTests(RunningServer server)
{
    private static readonly string[] s_mapping = ["--type", "call", "--subject-column", "who", "--time-column", "at"];

    [Fact]
    public async Task Refused_rows_are_named_by_line_and_kept_in_a_file_that_can_be_imported()
    {
        using TempFolder folder = new();
        string tenant = RunningServer.NewTenant();
        string file = folder.Write("calls.csv", "who,at,n\nacme,2024-01-01,1\nacme,never,2\n\"a\tb\",2024-01-01,3\nacme,1999-01-01,4\n");
        string rejects = folder.Path("rejects.csv");

        CommandRun run = await server.RunAsync(tenant, ["import", file, .. s_mapping, "--rejects", rejects]);

        Assert.Equal(1, run.ExitCode);
        Assert.Contains("4 rows read, 1 accepted, 3 refused", run.Out, StringComparison.Ordinal);
        Assert.Contains("line 3: 'never' in the column 'at' is not a time", run.Out, StringComparison.Ordinal);
        Assert.Contains("line 4: subject has a control character", run.Out, StringComparison.Ordinal);
        Assert.Contains("line 5: time is before 2000-01-01", run.Out, StringComparison.Ordinal);
        string[] kept = await File.ReadAllLinesAsync(rejects);
        Assert.Equal("who,at,n", kept[0]);
        Assert.Equal(["\"a\tb\",2024-01-01,3", "acme,1999-01-01,4", "acme,never,2"], kept[1..].Order(StringComparer.Ordinal));

        string repaired = folder.Write("repaired.csv", "who,at,n\nacme,2024-01-01,2\n");
        Assert.Equal(0, (await server.RunAsync(tenant, ["import", repaired, .. s_mapping])).ExitCode);
    }

    [Fact]
    public async Task A_column_that_is_not_there_is_said_with_those_that_are()
    {
        using TempFolder folder = new();
        string file = folder.Write("calls.csv", "customer,at\n");

        CommandRun run = await server.RunAsync("t", ["import", file, .. s_mapping]);

        Assert.Equal(2, run.ExitCode);
        Assert.Contains("has no column 'who'. It has: customer, at.", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Resuming_skips_what_is_done_and_still_numbers_equal_rows_as_before()
    {
        using TempFolder folder = new();
        string tenant = RunningServer.NewTenant();
        await server.CreateMeterAsync(tenant, """{"slug":"calls","aggregation":"COUNT","eventType":"call"}""");
        string file = folder.Write("calls.csv", "who,at,n\n" + string.Concat(Enumerable.Repeat("acme,2024-01-01,1\n", 5)));
        ImportSettings settings = new() { File = file, IsCsv = true, Type = "call", SubjectColumn = "who", TimeColumn = "at" };
        ResumeFile progress = await ResumeFile.OpenAsync(settings, CancellationToken.None);
        progress.Write(rows: 2, accepted: 2, refused: 0);

        CommandRun run = await server.RunAsync(tenant, ["import", file, .. s_mapping, "--resume"]);

        Assert.Contains("5 rows read, 5 accepted, 0 refused", run.Out, StringComparison.Ordinal);
        Assert.Null(progress.Read());
        Assert.Equal(3, await RunningServer.UntilAsync(async () => (await server.UsageAsync(tenant, "calls")).Values.Sum(), calls => calls >= 3));

        // The whole file again: the two that were skipped come in, and no other is new.
        await server.RunAsync(tenant, ["import", file, .. s_mapping]);
        Assert.Equal(5, await RunningServer.UntilAsync(async () => (await server.UsageAsync(tenant, "calls")).Values.Sum(), calls => calls >= 5));
    }
}
