namespace Metering.Aggregator.Auditing;

/// <summary>The newest result of the audit that runs all the time. Safe for concurrent use.</summary>
public sealed class AuditStatus
{
    private volatile AuditReport? _last;

    /// <summary>Null before the first.</summary>
    public AuditReport? Last
    {
        get => _last;
        internal set => _last = value;
    }
}
