using System.Globalization;
using Metering.Host.Commands;
using Spectre.Console;

namespace Metering.Host.Import;

/// <summary>Shows how far an import is: a bar in a terminal, a line now and then elsewhere.</summary>
internal sealed class ImportProgress(ImportRun run, ImportTally tally, IRowSource rows, TimeProvider time)
{
    private static readonly TimeSpan s_barInterval = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan s_lineInterval = TimeSpan.FromSeconds(5);

    private readonly long _started = time.GetTimestamp();

    /// <summary>Returns with the work, and with its exception.</summary>
    public async Task ShowAsync(string name, Task work, CancellationToken cancellationToken)
    {
        IAnsiConsole console = Terminal.Error();
        if (console.Profile.Capabilities.Interactive)
        {
            await ShowBarAsync(console, name, work, cancellationToken);
        }
        else
        {
            await ShowLinesAsync(console, name, work, cancellationToken);
        }

        await work;
    }

    private async Task ShowBarAsync(IAnsiConsole console, string name, Task work, CancellationToken cancellationToken) =>
        await console.Progress()
            .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new RemainingTimeColumn())
            .StartAsync(async progress =>
            {
                ProgressTask bar = progress.AddTask(Markup.Escape(name), maxValue: Math.Max(1, rows.Length));
                while (!await DoneAsync(work, s_barInterval, cancellationToken))
                {
                    bar.Value = rows.Position;
                    bar.Description = Markup.Escape($"{name}  {Counts()}");
                }

                bar.Value = work.IsCompletedSuccessfully ? bar.MaxValue : bar.Value;
                bar.Description = Markup.Escape($"{name}  {Counts()}");
            });

    private async Task ShowLinesAsync(IAnsiConsole console, string name, Task work, CancellationToken cancellationToken)
    {
        while (!await DoneAsync(work, s_lineInterval, cancellationToken))
        {
            console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name}  {(double)rows.Position / Math.Max(1, rows.Length):P0}  {Counts()}  {Remaining()}"));
        }
    }

    private async Task<bool> DoneAsync(Task work, TimeSpan interval, CancellationToken cancellationToken) =>
        await Task.WhenAny(work, Task.Delay(interval, time, cancellationToken)) == work || work.IsCompleted || cancellationToken.IsCancellationRequested;

    private string Counts() =>
        string.Create(CultureInfo.InvariantCulture, $"{tally.Accepted:N0} accepted, {tally.Refused:N0} refused, {run.RowsRead / Seconds():N0} rows/s");

    private string Remaining()
    {
        double seconds = rows.Position == 0 ? 0 : Seconds() / rows.Position * (rows.Length - rows.Position);
        return string.Create(CultureInfo.InvariantCulture, $"{TimeSpan.FromSeconds(Math.Round(seconds)):c} left");
    }

    private double Seconds() => Math.Max(0.001, time.GetElapsedTime(_started).TotalSeconds);
}
