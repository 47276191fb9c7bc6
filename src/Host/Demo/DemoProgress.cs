using System.Globalization;
using Metering.Host.Client;
using Metering.Host.Commands;
using Metering.Storage.ClickHouse;
using Spectre.Console;

namespace Metering.Host.Demo;

/// <summary>The live line: how much is sent, acknowledged, counted and sealed.</summary>
internal sealed class DemoProgress(MeteringClient client, ClickHouseDatabase clickHouse, DemoSending sending, DemoCounts before, TimeProvider time)
{
    private static readonly TimeSpan s_interval = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan s_plainInterval = TimeSpan.FromSeconds(2);

    private long _lastAcknowledged;
    private long _lastAt = time.GetTimestamp();

    /// <summary>Returns with the work, and with its exception.</summary>
    /// <param name="step">What is going on.</param>
    public async Task ShowAsync(string step, Func<Task> run, CancellationToken cancellationToken)
    {
        IAnsiConsole console = Terminal.Error();
        Task work = run();
        if (console.Profile.Capabilities.Interactive)
        {
            await console.Live(new Text(step)).StartAsync(async live =>
            {
                while (!await DoneAsync(work, s_interval, cancellationToken))
                {
                    live.UpdateTarget(new Text(await LineAsync(step, cancellationToken)));
                }

                live.UpdateTarget(new Text(await LineAsync(step, cancellationToken)));
            });
        }
        else
        {
            while (!await DoneAsync(work, s_plainInterval, cancellationToken))
            {
                console.WriteLine(await LineAsync(step, cancellationToken));
            }

            console.WriteLine(await LineAsync(step, cancellationToken));
        }

        await work;
    }

    private async Task<bool> DoneAsync(Task work, TimeSpan interval, CancellationToken cancellationToken) =>
        await Task.WhenAny(work, Task.Delay(interval, time, cancellationToken)) == work || work.IsCompleted || cancellationToken.IsCancellationRequested;

    private async Task<string> LineAsync(string step, CancellationToken cancellationToken)
    {
        double seconds = Math.Max(0.001, time.GetElapsedTime(_lastAt).TotalSeconds);
        long acknowledged = sending.Acknowledged;
        double rate = (acknowledged - _lastAcknowledged) / seconds;
        (_lastAcknowledged, _lastAt) = (acknowledged, time.GetTimestamp());
        DemoCounts counts = (await DemoCounts.ReadAsync(clickHouse, cancellationToken)).Since(before);
        DemoSeal seal = await DemoSeal.ReadAsync(client, cancellationToken);
        string upto = seal.Number == 0 ? "nothing yet" : seal.Upto.ToString("HH:mm", CultureInfo.InvariantCulture);
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{step,-22} sent {sending.Sent,9:N0}  acknowledged {acknowledged,9:N0} ({rate,7:N0}/s)  counted {Math.Max(0, counts.Accepted),9:N0}  sealed up to {upto}");
    }
}
