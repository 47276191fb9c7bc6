namespace Metering.Aggregator.Generations;

/// <summary>Records that reach the topic of a closed generation.</summary>
internal interface IStragglers
{
    /// <summary>Moves them to the newest generation for as long as it is not cancelled.</summary>
    Task MoveAsync(CancellationToken cancellationToken);
}
