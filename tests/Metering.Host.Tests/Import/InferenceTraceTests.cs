using System.Diagnostics;
using System.Globalization;
using Metering.Host.Tests.Support;
using Xunit;

namespace Metering.Host.Tests.Import;

/// <summary>A real file, imported in every way that must make no difference, against totals added up here line by line.</summary>
public sealed class InferenceTraceTests(RunningServer server)
{
    private const string Meters = """{"slug":"context","aggregation":"SUM","eventType":"llm.call","valueProperty":"$.ContextTokens"}""";
    private const string Generated = """{"slug":"generated","aggregation":"SUM","eventType":"llm.call","valueProperty":"$.out"}""";
    private const string Calls = """{"slug":"calls","aggregation":"COUNT","eventType":"llm.call"}""";

    private static readonly string[] s_mapping =
        ["--type", "llm.call", "--subject", "azure", "--time-column", "TIMESTAMP", "--data", "ContextTokens:number", "GeneratedTokens=out:number"];

    [Fact]
    public async Task Once_twice_and_shuffled_give_the_same_exact_totals()
    {
        using TempFolder folder = new();
        string[] lines = InferenceTrace.ReadLines();
        string file = folder.Write("trace.csv", string.Join("\r\n", lines));
        string tenant = await NewTenantAsync();

        Assert.Equal(0, (await server.RunAsync(tenant, ["import", file, .. s_mapping])).ExitCode);
        await ExpectAsync(tenant, lines[1..]);

        Assert.Equal(0, (await server.RunAsync(tenant, ["import", file, .. s_mapping])).ExitCode);
        string shuffled = folder.Write("shuffled.csv", string.Join('\n', [lines[0], .. Shuffle(lines[1..])]));
        Assert.Equal(0, (await server.RunAsync(tenant, ["import", shuffled, .. s_mapping])).ExitCode);
        await ExpectAsync(tenant, lines[1..]);
    }

    [Fact]
    public async Task Ten_processes_that_share_the_file_import_it_once()
    {
        using TempFolder folder = new();
        string[] lines = InferenceTrace.ReadLines();
        string file = folder.Write("trace.csv", string.Join('\n', lines));
        string tenant = await NewTenantAsync();

        await Task.WhenAll(Enumerable.Range(1, 10).Select(part => ImportPartAsync(tenant, file, part)));

        await ExpectAsync(tenant, lines[1..]);
    }

    private async Task<string> NewTenantAsync()
    {
        string tenant = RunningServer.NewTenant();
        foreach (string meter in new[] { Meters, Generated, Calls })
        {
            await server.CreateMeterAsync(tenant, meter);
        }

        return tenant;
    }

    private async Task ImportPartAsync(string tenant, string file, int part)
    {
        string program = Path.Combine(AppContext.BaseDirectory, "metering.dll");
        string[] arguments =
            [program, "import", file, .. s_mapping, "--part", string.Create(CultureInfo.InvariantCulture, $"{part}/10"), "--server", server.Url, "--tenant", tenant];
        using Process process = Process.Start(new ProcessStartInfo("dotnet", arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        Task<string> error = process.StandardError.ReadToEndAsync();
        string output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, $"part {part}: {output}{await error}");
    }

    private async Task ExpectAsync(string tenant, string[] rows)
    {
        Assert.Equal(rows.Length, (await RunningServer.UntilAsync(() => TotalAsync(tenant, "calls"), calls => calls >= rows.Length)));
        Assert.Equal(Sum(rows, 1), await TotalAsync(tenant, "context"));
        Assert.Equal(Sum(rows, 2), await TotalAsync(tenant, "generated"));
        foreach ((string meter, int column) in new[] { ("context", 1), ("generated", 2) })
        {
            Assert.Equal(ByMinute(rows, column), (await server.UsageAsync(tenant, meter, "windowSize=MINUTE")).OrderBy(row => row.Key, StringComparer.Ordinal));
        }
    }

    private async Task<decimal> TotalAsync(string tenant, string meter) => (await server.UsageAsync(tenant, meter)).Values.Sum();

    private static decimal Sum(string[] rows, int column) => rows.Sum(row => decimal.Parse(row.Split(',')[column], CultureInfo.InvariantCulture));

    /// <summary>By the text of the time alone: its first 16 characters are the minute.</summary>
    private static IEnumerable<KeyValuePair<string, decimal>> ByMinute(string[] rows, int column) => rows
        .GroupBy(row => $"{row[..10]}T{row[11..16]}:00Z", row => decimal.Parse(row.Split(',')[column], CultureInfo.InvariantCulture))
        .Select(minute => KeyValuePair.Create(minute.Key, minute.Sum()))
        .OrderBy(minute => minute.Key, StringComparer.Ordinal);

    private static string[] Shuffle(string[] rows)
    {
        string[] shuffled = [.. rows];
        new Random(7).Shuffle(shuffled);
        return shuffled;
    }
}
