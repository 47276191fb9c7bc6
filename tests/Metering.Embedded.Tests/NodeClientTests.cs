using System.Diagnostics;
using Xunit;

namespace Metering.Embedded.Tests;

public class NodeClientTests(ClickHouseFixture clickHouse, ITestOutputHelper output)
{
    private const string Package = "@clickhouse/client@1.23.1";

    [Fact]
    public async Task The_official_client_works_unmodified()
    {
        string modules = Path.Combine(Path.GetTempPath(), "metering-embedded-node-" + Package.Replace('/', '-'));
        if (!Directory.Exists(Path.Combine(modules, "node_modules", "@clickhouse", "client")))
        {
            Directory.CreateDirectory(modules);
            await RunAsync("npm", "install", "--prefix", modules, "--ignore-scripts", "--no-audit", "--no-fund", Package);
        }

        string script = Path.Combine(AppContext.BaseDirectory, "Node", "client.mjs");
        string database = await clickHouse.NewDatabaseAsync();
        string result = await RunAsync("node", script, modules, clickHouse.Server.Endpoint.ToString(), database);
        output.WriteLine(result);
        Assert.EndsWith("ok", result.TrimEnd(), StringComparison.Ordinal);
    }

    private static async Task<string> RunAsync(string program, params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        Task<string> text = process.StandardOutput.ReadToEndAsync();
        string error = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, $"{program}: {error} {await text}");
        return await text;
    }
}
