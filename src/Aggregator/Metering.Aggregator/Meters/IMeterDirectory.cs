namespace Metering.Aggregator.Meters;

/// <summary>Tells the analysts' views the meters' names.</summary>
public interface IMeterDirectory
{
    /// <summary>Writes all meters when anything changed.</summary>
    Task PublishAsync(MeterCatalog.Snapshot meters, CancellationToken cancellationToken);
}
