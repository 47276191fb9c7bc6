using Metering.EventLog.Tests.Embedded;
using Metering.EventLog.Tests.Kafka;
using Xunit.MicrosoftTestingPlatform;

namespace Metering.EventLog.Tests;

internal static class Program
{
    public static Task<int> Main(string[] args) => args switch
    {
        ["crash-writer", string folder, string round] => CrashWriter.RunAsync(folder, int.Parse(round, provider: null)),
        ["throughput", string folder] => Throughput.RunAsync(folder),
        _ => TestPlatformTestFramework.RunAsync(Brokers.Announced(args), SelfRegisteredExtensions.AddSelfRegisteredExtensions),
    };
}
