using Metering.Embedded.ClickHouse;
using Xunit.MicrosoftTestingPlatform;

// The commands run in one process and share its console and environment.
[assembly: Xunit.v3.Parallelization(Mode = Xunit.Sdk.ParallelMode.None)]

namespace Metering.Host.Tests;

/// <summary>Runs the tests; or, started again by a server under test, the embedded ClickHouse.</summary>
internal static class Program
{
    public static Task<int> Main(string[] args) => args is ["engine", "clickhouse", .. var rest]
        ? ClickHouseServerProcess.RunAsync(rest)
        : TestPlatformTestFramework.RunAsync(args, SelfRegisteredExtensions.AddSelfRegisteredExtensions);
}
