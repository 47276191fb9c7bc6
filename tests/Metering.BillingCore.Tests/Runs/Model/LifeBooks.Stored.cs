namespace Metering.Billing.Tests.Runs.Life;

/// <summary>What the databases add: somebody else marks the periods that are corrected.</summary>
internal sealed partial class LifeBooks
{
    /// <summary>All periods that were billed, be it with nothing.</summary>
    public (DateTimeOffset First, DateTimeOffset Last)[] Billed
    {
        get
        {
            Touch(DateTimeOffset.MinValue, DateTimeOffset.MaxValue);
            (DateTimeOffset, DateTimeOffset)[] all = [.. _dirty];
            _dirty.Clear();
            return all;
        }
    }

    public void CorrectMarked(DateTimeOffset now, IEnumerable<(DateTimeOffset First, DateTimeOffset Last)> marked)
    {
        _dirty.UnionWith(marked);
        Correct(now);
        _dirty.Clear();
    }
}
