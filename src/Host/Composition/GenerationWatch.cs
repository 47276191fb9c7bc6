using Metering.Storage.Postgres.Generations;
using Npgsql;

namespace Metering.Host.Composition;

/// <summary>Notices that the log has grown, and ends the server so that it starts anew on the newer generation. Until then nothing is wrong: what this process still acknowledges is moved.</summary>
internal sealed partial class GenerationWatch(LogGeneration generation, LogGenerations generations, IHostApplicationLifetime lifetime, TimeProvider time, ILogger<GenerationWatch> logger)
    : BackgroundService
{
    private static readonly TimeSpan s_interval = TimeSpan.FromSeconds(2);

    public bool IsOutgrown { get; private set; }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using PeriodicTimer timer = new(s_interval, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            if (await NewestAsync(stoppingToken) is { } newest && newest > generation.Number)
            {
                LogOutgrown(newest);
                IsOutgrown = true;
                lifetime.StopApplication();
                return;
            }
        }
    }

    private async Task<int?> NewestAsync(CancellationToken cancellationToken)
    {
        try
        {
            return (await generations.NewestAsync(cancellationToken))?.Number;
        }
        catch (Exception problem) when (problem is NpgsqlException or TimeoutException)
        {
            // Others say that PostgreSQL is away; it cannot grow meanwhile.
            return null;
        }
    }

    [LoggerMessage(5101, LogLevel.Information, "The log has grown to generation {Generation}: starting anew on it")]
    private partial void LogOutgrown(int generation);
}
