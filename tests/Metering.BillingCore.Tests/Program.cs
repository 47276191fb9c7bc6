using Metering.BillingCore.Tests.Testing;
using Metering.Embedded.ClickHouse;
using Xunit.MicrosoftTestingPlatform;

namespace Metering.BillingCore.Tests;

/// <summary>Runs the tests; or, started again by them, the embedded ClickHouse.</summary>
internal static class Program
{
    public static Task<int> Main(string[] args) => args is [Engines.ClickHouseCommand, .. var rest]
        ? ClickHouseServerProcess.RunAsync(rest)
        : TestPlatformTestFramework.RunAsync(args, SelfRegisteredExtensions.AddSelfRegisteredExtensions);
}
