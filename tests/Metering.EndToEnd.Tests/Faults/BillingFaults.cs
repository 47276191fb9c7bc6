using Metering.EndToEnd.Tests.Load;
using Metering.EndToEnd.Tests.Running;

namespace Metering.EndToEnd.Tests.Faults;

/// <summary>Billing that dies, or whose database does, while customers subscribe and are invoiced.</summary>
internal static class BillingFaults
{
    private const int Moments = 8;

    /// <summary>Customers who subscribe between two strikes.</summary>
    private const int Between = 20;

    public static IReadOnlyList<FaultRow> Rows { get; } =
    [
        new("K4", "billing killed", "SIGKILL to the program at eight moments while customers subscribe and are invoiced, three in a transaction; it starts again", row => BillingRow.RunAsync(row, KillAsync)),
        new("P1b", "PostgreSQL stopped under billing", "SIGQUIT to the server, which is an immediate stop, at eight moments of the same; it is started again", row => BillingRow.RunAsync(row, StopAsync)),
    ];

    private static Task<Strike> KillAsync(OneMachine machine, Subscriber subscriber) => StrikeAsync(subscriber, () => Striking.KillAsync(machine.Process));

    private static Task<Strike> StopAsync(OneMachine machine, Subscriber subscriber) => StrikeAsync(subscriber, async () =>
    {
        int server = machine.PostgresProcess;
        MeteringProcess.Quit(server);
        await Eventually.TrueAsync(() => Task.FromResult(MeteringProcess.IsGone(server)), "the server has stopped");
        await Eventually.TrueAsync(() => Task.FromResult(machine.HasPostgres), "it is started again");
    });

    /// <summary>Each time a little later in the work that goes on.</summary>
    private static async Task<Strike> StrikeAsync(Subscriber subscriber, Func<Task> breakAsync)
    {
        for (int i = 0; i < Moments; i++)
        {
            int before = subscriber.Subscribed.Count;
            await Eventually.TrueAsync(() => Task.FromResult(subscriber.Subscribed.Count >= before + Between), "customers subscribe");
            await Task.Delay(TimeSpan.FromMilliseconds(37 * i));
            await breakAsync();
        }

        return new Strike(Moments);
    }
}
