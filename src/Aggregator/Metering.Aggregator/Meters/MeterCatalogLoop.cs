using Microsoft.Extensions.Logging;

namespace Metering.Aggregator.Meters;

/// <summary>Looks for new and changed meters, in every process that counts for them.</summary>
internal sealed class MeterCatalogLoop(MeterCatalog catalog, AggregatorOptions options, TimeProvider time, ILogger<MeterCatalogLoop> logger)
{
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                await catalog.RefreshAsync(cancellationToken);
            }
            catch (Exception problem) when (problem is not OperationCanceledException)
            {
                AggregatorLog.TaskFailed(logger, "Looking for meters", problem.Message, problem);
            }

            await Task.Delay(options.MeterPollInterval, time, cancellationToken);
        }
    }
}
