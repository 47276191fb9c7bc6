using Metering.Billing.Postgres.Jobs;
using Microsoft.Extensions.Logging;

namespace Metering.BillingCore.Jobs;

/// <summary>A job that one process does at a time: waits until it is this one's, then does its steps until it is lost or the process stops.</summary>
internal sealed partial class OwnedLoop(SingleOwner owner, TimeProvider time, ILogger<OwnedLoop> logger)
{
    /// <param name="job">Its name in the database.</param>
    /// <param name="interval">Between two steps, and between two attempts to get the job.</param>
    /// <param name="step">True when there is more to do at once.</param>
    /// <exception cref="OperationCanceledException">The process stops.</exception>
    public async Task RunAsync(string job, TimeSpan interval, Func<Ownership, CancellationToken, Task<bool>> step, CancellationToken stopping)
    {
        while (true)
        {
            try
            {
                await OwnAsync(job, interval, step, stopping);
            }
            catch (OwnershipLostException lost)
            {
                LogLost(job, lost.Message);
            }
            catch (Exception problem) when (!stopping.IsCancellationRequested)
            {
                LogFailed(job, problem);
            }

            await Task.Delay(interval, time, stopping);
        }
    }

    private async Task OwnAsync(string job, TimeSpan interval, Func<Ownership, CancellationToken, Task<bool>> step, CancellationToken stopping)
    {
        await using Ownership? mine = await owner.TryTakeAsync(job, stopping);
        if (mine is null)
        {
            return;
        }

        LogTaken(job, mine.Token);
        while (true)
        {
            bool more = await step(mine, stopping);
            await mine.CheckAsync(stopping);
            if (!more)
            {
                await Task.Delay(interval, time, stopping);
            }
        }
    }

    [LoggerMessage(6101, LogLevel.Information, "Job {Job} is this process's, with token {Token}")]
    private partial void LogTaken(string job, long token);

    [LoggerMessage(6102, LogLevel.Warning, "Job {Job} is lost: {Why}")]
    private partial void LogLost(string job, string why);

    [LoggerMessage(6103, LogLevel.Error, "Job {Job} failed and is tried again")]
    private partial void LogFailed(string job, Exception exception);
}
