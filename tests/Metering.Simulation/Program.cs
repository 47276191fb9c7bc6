using Xunit.MicrosoftTestingPlatform;

namespace Metering.Simulation;

/// <summary>Runs the tests; or, with <c>run</c>, as many seeds as one likes.</summary>
internal static class Program
{
    public static Task<int> Main(string[] args) => args is ["run", .. string[] rest]
        ? Task.FromResult(SeedRunner.Run(rest))
        : TestPlatformTestFramework.RunAsync(args, SelfRegisteredExtensions.AddSelfRegisteredExtensions);
}
