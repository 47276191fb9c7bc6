using Metering.Billing.Tests.Rating.SecondOpinion;

namespace Metering.Billing.Tests.Runs.Life;

/// <summary>A commitment in one of its periods, which are those of its component with the longest interval.</summary>
/// <param name="DueAt">When the last that counts is due.</param>
internal sealed record OwedCommitment(LifeCommitment Commitment, string Component, LifePeriod Period, long Amount, DateTimeOffset DueAt);

/// <summary>When there is something to invoice, and which commitments end.</summary>
internal sealed class LifeAgenda(Owed owed)
{
    private readonly LifeHistory _history = owed.History;

    /// <summary>Where a period begins or ends, and where a change makes it dearer, but not where something is added within a period without that; all that passed before the start was recorded is due then.</summary>
    public DateTimeOffset? NextDue(DateTimeOffset after, DateTimeOffset billedFrom)
    {
        List<DateTimeOffset> due = [];
        foreach (string component in _history.Components())
        {
            DateTimeOffset until = LifeHistory.Later(after, _history.Facts[0].At).AddMonths(13);
            due.AddRange(_history.Periods(component, until).SelectMany(period => period.IsAdded ? [period.End] : new[] { period.Start, period.End }).Where(at => at > after).Take(1));
        }

        Stretch[] stretches = _history.Stretches();
        due.AddRange(stretches.Where((one, i) => one.From > after && Price(one) > (i > 0 ? Price(stretches[i - 1]) : 0)).Select(one => one.From));
        return due.Count == 0 ? null : LifeHistory.Later(due.Min(), billedFrom);
    }

    public List<OwedCommitment> Commitments(DateTimeOffset until)
    {
        List<OwedCommitment> found = [];
        Stretch[] all = [.. _history.Stretches().Where(one => one.Fact is { Being: Being.Active, Plan.Commitment: not null })];
        foreach (string key in all.Select(one => one.Fact.Plan.Commitment!.Key).Distinct())
        {
            Stretch[] committed = [.. all.Where(one => one.Fact.Plan.Commitment!.Key == key)];
            foreach (string component in committed.Select(Longest).OfType<LifeItem>().Select(item => item.Component).Distinct())
            {
                foreach (LifePeriod period in _history.Periods(component, until))
                {
                    Stretch[] within =
                    [
                        .. committed.Select(one => new Stretch(LifeHistory.Later(one.From, period.Start), LifeHistory.Earlier(one.To, period.End), one.Fact)).Where(one => one.From < one.To),
                    ];
                    if (within.Length > 0 && Longest(within[^1])?.Component == component)
                    {
                        LifeCommitment last = within[^1].Fact.Plan.Commitment!;
                        Ratio share = last.IsFull && _history.EndedAt == period.End ? 1 : owed.Share(Longest(within[^1])!, period, within);
                        found.Add(new OwedCommitment(last, component, period, Owed.Cents(Ratio.Of(last.Amount) * share), LifeHistory.Later(period.End, LastDue(last, period))));
                    }
                }
            }
        }

        return found;
    }

    /// <summary>What begins within the period counts, and what is not billed ahead is due at the end of its own period.</summary>
    private DateTimeOffset LastDue(LifeCommitment commitment, LifePeriod period)
    {
        DateTimeOffset last = DateTimeOffset.MinValue;
        foreach (string component in commitment.Components)
        {
            foreach (LifePeriod own in _history.Periods(component, period.Last))
            {
                bool counts = owed.Usage(component, own).Any(usage => Begins(usage.Active[0].From)) || owed.Fees(component, own).Any(fee => fee.Item.Timing == "arrears" && Begins(fee.From));
                last = counts ? LifeHistory.Later(last, own.End) : last;
            }
        }

        return last;

        bool Begins(DateTimeOffset at) => at >= period.First && at < period.Last;
    }

    private static LifeItem? Longest(Stretch one) => one.Fact.Plan.Commitment!.Components.Select(one.Fact.Plan.Find).OfType<LifeItem>().MaxBy(item => item.Count * item.Unit switch
    {
        "day" => 1,
        "week" => 7,
        "month" => 30,
        "quarter" => 90,
        "half_year" => 180,
        _ => 360,
    });

    /// <summary>What recurs, for whole periods.</summary>
    private Ratio Price(Stretch one) => one.Fact.Being != Being.Active ? 0
        : Ratio.Sum(one.Fact.Plan.Items.Where(item => item.Timing is "advance" or "arrears").Select(item => owed.Whole(item, item.Seats(one.Fact.Seats))));
}
