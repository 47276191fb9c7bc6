namespace Metering.Billing.Tests.Runs.Life;

/// <summary>What the databases add: an instant has one invoice, drafts wait for seals, and somebody else marks the periods that are corrected.</summary>
internal sealed partial class LifeBooks
{
    private readonly HashSet<LifeInvoice> _ofInstants = [];

    /// <summary>What is due while an invoice of its instant stands, because an older one was voided, is left for the next instant.</summary>
    public void BillInstants(DateTimeOffset now)
    {
        _now = now;
        while (_agenda.NextDue(BilledTo, billedFrom) is { } due && due <= now)
        {
            (List<LifeLine> lines, List<(string, LifePeriod)> periods) = Due(due);
            if ((lines.Count > 0 || _pending.Count > 0) && !_ofInstants.Any(one => one.DueAt == due && !one.IsVoid))
            {
                Issue(lines, periods, due);
                _ofInstants.Add(Invoices[^1]);
            }

            BilledTo = due;
        }
    }

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
