using Metering.Aggregator.Tests.Harness;
using Metering.Embedded.ClickHouse;
using Xunit.MicrosoftTestingPlatform;

namespace Metering.Aggregator.Tests;

/// <summary>Runs the tests; or, started again by them, the embedded ClickHouse.</summary>
internal static class Program
{
    public static Task<int> Main(string[] args) => args is [Engines.ClickHouseCommand, .. string[] rest]
        ? ClickHouseServerProcess.RunAsync(rest)
        : TestPlatformTestFramework.RunAsync(args, SelfRegisteredExtensions.AddSelfRegisteredExtensions);
}
