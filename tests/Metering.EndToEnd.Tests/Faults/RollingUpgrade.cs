using Metering.EndToEnd.Tests.Running;

namespace Metering.EndToEnd.Tests.Faults;

/// <summary>
/// Two versions on one state: every process is of the older build, and one after the other is stopped and started as this build, aggregators first, while the
/// others go on beside it. The first new one brings the schemas up to date under the old ones.
/// </summary>
internal static class RollingUpgrade
{
    private static readonly TimeSpan s_together = TimeSpan.FromSeconds(4);

    public static FaultRow Row { get; } = new(
        "R1", "rolling upgrade", "every process of the version before the last change of a schema; one after the other stopped and started as this one, aggregators first, one of the old ones killed meanwhile",
        row => FaultRun.RunAsync(row, () => FaultRow.StartClusterAsync(Older()), StrikeAsync, mix: null));

    private static async Task<Strike> StrikeAsync(MeteringCluster cluster)
    {
        await UpgradeAsync(cluster.Aggregators[0]);

        // The work of an old one that dies is taken over by a new one.
        await cluster.Aggregators[1].KillAsync();
        await Task.Delay(s_together);
        cluster.Aggregators[1].Program = MeteringProcess.ThisBuild;
        await cluster.Aggregators[1].StartAgainAsync();
        MeteringProcess[] others = [.. cluster.Ingests, cluster.Query];
        foreach (MeteringProcess process in others)
        {
            await UpgradeAsync(process);
        }

        return new Strike(cluster.Aggregators.Count + others.Length);
    }

    private static async Task UpgradeAsync(MeteringProcess process)
    {
        await process.StopAsync();
        process.Program = MeteringProcess.ThisBuild;
        await process.StartAgainAsync();
        await Task.Delay(s_together);
    }

    private static string Older() => Environment.GetEnvironmentVariable("METERING_OLD") is { Length: > 0 } program && File.Exists(program)
        ? program
        : throw new InvalidOperationException("METERING_OLD does not name an older build of metering; ./faults makes one and names it.");
}
