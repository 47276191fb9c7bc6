using Metering.Embedded.ClickHouse;

namespace Metering.Embedded.Tests;

internal static class Program
{
    private static async Task<int> Main(string[] args) => args switch
    {
        ["engine", "clickhouse", .. string[] rest] => await ClickHouseServerProcess.RunAsync(rest),
        ["parent", .. string[] rest] => await ParentToKill.RunAsync(rest),
        _ when args.Any(arg => arg is "-automated" or "@@") => await Xunit.Runner.InProc.SystemConsole.ConsoleRunner.Run(args),
        _ => await Xunit.MicrosoftTestingPlatform.TestPlatformTestFramework.RunAsync(args, SelfRegisteredExtensions.AddSelfRegisteredExtensions),
    };
}
