using Metering.EndToEnd.Tests.Running;
using static Metering.EndToEnd.Tests.Faults.Striking;

namespace Metering.EndToEnd.Tests.Faults;

/// <summary>Billing that dies, or whose database does, while customers subscribe and are invoiced.</summary>
internal static class BillingFaults
{
    private const int Moments = 8;

    public static IReadOnlyList<FaultRow> Rows { get; } =
    [
        new("K4", "billing killed", "SIGKILL to the program at eight moments while customers subscribe and are invoiced, five in a transaction; it starts again", row => BillingRow.RunAsync(row, KillAsync)),
        new("P1b", "PostgreSQL stopped under billing", "SIGQUIT to the server, which is an immediate stop, at eight moments of the same", row => BillingRow.RunAsync(row, StopAsync)),
    ];

    private static Task<Strike> KillAsync(OneMachine machine) => RepeatAsync(Moments, async i =>
    {
        await Task.Delay(TimeSpan.FromMilliseconds(97 * i));
        await Striking.KillAsync(machine.Process);
    });

    private static Task<Strike> StopAsync(OneMachine machine) => RepeatAsync(Moments, async i =>
    {
        await Task.Delay(TimeSpan.FromMilliseconds(97 * i));
        int server = machine.PostgresProcess;
        MeteringProcess.Quit(server);
        await Eventually.TrueAsync(() => Task.FromResult(MeteringProcess.IsGone(server)), "the server has stopped");
        await Eventually.TrueAsync(() => Task.FromResult(machine.HasPostgres), "it is started again");
    });
}
