namespace Metering.Billing.Tests.Runs.Life;

/// <summary>What the databases add: drafts wait for seals, and somebody else marks the periods that are corrected.</summary>
internal sealed partial class LifeBooks
{
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(70);

    /// <summary>What is waited for, and when it is looked at again without it; not before the one or the other, whatever is recorded in the meantime.</summary>
    private (DateTimeOffset For, DateTimeOffset? LookAt)? _wait;

    /// <summary>Bills what is due, up to what waits for usage that is not sealed. Fees that have waited for long go ahead, once.</summary>
    public void BillSealed(DateTimeOffset now, DateTimeOffset sealedUpto)
    {
        if (_wait is { } wait && wait.For > sealedUpto && !(wait.LookAt <= now))
        {
            return;
        }

        (_now, _wait) = (now, null);
        while (_agenda.NextDue(BilledTo, billedFrom) is { } due && due <= now)
        {
            (List<LifeLine> lines, List<(string Component, LifePeriod Period)> periods) = Due(due);
            if (Needed(due) is var needed && needed > sealedUpto)
            {
                bool isPatient = now < due + s_patience;
                _wait = (needed, isPatient ? due + s_patience : null);
                if (!isPatient)
                {
                    GoAhead([.. lines.Where(line => line.Kind != "arrears")], periods, due);
                }

                return;
            }

            if (lines.Count > 0 || _pending.Count > 0)
            {
                Issue(lines, periods, due);
            }

            BilledTo = due;
        }
    }

    /// <summary>Whether the usage of a component at an instant was billed, be it with nothing.</summary>
    public bool IsBilled(string component, DateTimeOffset at) => _history.Periods(component, at).Any(period =>
        period.Start <= at && at < period.End
        && (period.End <= BilledTo || Of(period, withWaived: true).Any(line => !line.IsDifference && line.Component == component && line.Key.StartsWith("usage", StringComparison.Ordinal))));

    /// <summary>An invoice was voided: drafts are looked at again.</summary>
    public void LookAgain() => _wait = null;

    private DateTimeOffset Needed(DateTimeOffset due) => _history.Components()
        .SelectMany(component => _history.Periods(component, due).Where(period => period.End > BilledTo && period.End <= due).SelectMany(period => owed.Usage(component, period)))
        .Where(usage => !Of(usage.Period, true).Any(line => line.Key.StartsWith(usage.Key, StringComparison.Ordinal)))
        .Select(usage => usage.Period.End).DefaultIfEmpty(DateTimeOffset.MinValue).Max();

    private void GoAhead(List<LifeLine> fees, List<(string Component, LifePeriod Period)> periods, DateTimeOffset due)
    {
        if (fees.Count == 0)
        {
            return;
        }

        LifeLine[] waiting = [.. _pending];
        _pending.Clear();
        Issue(fees, [.. periods.Where(one => fees.Any(fee => fee.Component == one.Component && fee.First == one.Period.First && fee.Last == one.Period.Last))], due);
        _pending.AddRange(waiting);
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
