using Metering.EndToEnd.Tests.Faults;
using Xunit.MicrosoftTestingPlatform;

namespace Metering.EndToEnd.Tests;

/// <summary>Runs the tests; or, asked to, the whole fault matrix.</summary>
internal static class Program
{
    public static Task<int> Main(string[] args) => args is ["faults", .. string[] rest]
        ? FaultCommand.RunAsync(rest)
        : TestPlatformTestFramework.RunAsync(args, SelfRegisteredExtensions.AddSelfRegisteredExtensions);
}
