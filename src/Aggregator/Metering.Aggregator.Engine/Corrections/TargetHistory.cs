namespace Metering.Aggregator.Engine.Corrections;

/// <summary>
/// What happened so far to one event that has, or may have, voids or amendments. A fold over its records in offset order. The end state
/// does not depend on whether the event or its corrections came first, and a void wins over every amendment.
/// </summary>
public sealed class TargetHistory
{
    private EventVersion? _original;
    private EventVersion? _amended;

    /// <summary>Offset of the accepted event; 0 when it has not been seen.</summary>
    public long OriginalOffset { get; private set; }

    public ulong OriginalPayloadHash { get; private set; }

    /// <summary>Append time of the accepted event, milliseconds since 1970 UTC.</summary>
    public long OriginalAtMs { get; private set; }

    public bool HasOriginal => OriginalOffset != 0;

    public bool IsVoided { get; private set; }

    /// <summary>The version that counts, or would count; null when nothing is known of the event yet.</summary>
    public EventVersion? Current => _amended ?? _original;

    /// <summary>The amendment that waits for its event; null when there is none.</summary>
    public EventVersion? Amended => _amended;

    /// <param name="bornVoid">
    /// Whether the corrections that came before it hold for it. When not, they were about an earlier event whose identity is forgotten, or
    /// waited for longer than the horizon: they are over, and this event can be corrected anew.
    /// </param>
    public void SawOriginal(EventVersion version, long offset, ulong payloadHash, long atMs, bool bornVoid)
    {
        if (!bornVoid)
        {
            IsVoided = false;
            _amended = null;
        }

        _original = version;
        OriginalOffset = offset;
        OriginalPayloadHash = payloadHash;
        OriginalAtMs = atMs;
    }

    public void SawVoid() => IsVoided = true;

    public void SawAmendment(EventVersion version) => _amended = version;
}
