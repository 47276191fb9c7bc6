namespace Metering.LoadGenerator;

/// <summary>One connection. One thread at a time.</summary>
internal interface ISender : IAsyncDisposable
{
    /// <summary>Returns when a batch was sent and, where the protocol has windows, there is room for the next.</summary>
    Task SendAsync(long firstId, CancellationToken cancellationToken);

    /// <summary>Returns when everything is acknowledged.</summary>
    Task FinishAsync();
}
