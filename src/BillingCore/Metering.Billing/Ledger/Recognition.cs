using System.Globalization;
using Metering.Billing.Periods;
using Metering.Billing.Proration;
using Metering.Billing.Zones;

namespace Metering.Billing.Ledger;

/// <summary>What of an advance line is earned in one calendar month of the customer's zone.</summary>
/// <param name="Month">Its first day.</param>
public readonly record struct MonthEarned(DateOnly Month, Money Amount)
{
    public DateOnly LastDay => Month.AddMonths(1).AddDays(-1);
}

/// <summary>What of a line is revenue now, and when there is more.</summary>
/// <param name="Months">In order; amounts may be zero.</param>
/// <param name="Next">The first month that is left; null when none is.</param>
/// <param name="DueAt">When it ends in the customer's zone.</param>
public sealed record RecognitionStep(IReadOnlyList<MonthEarned> Months, DateOnly? Next, DateTimeOffset? DueAt);

/// <summary>Row 9 of the posting table: deferred amounts become revenue as their time is served.</summary>
public static class Recognition
{
    /// <summary>By Earned(t), month by month; the months sum to the deferred amount whatever it is.</summary>
    /// <param name="deferred">What the invoice put into Deferred for the line; of either sign.</param>
    /// <param name="service">The service time of the line.</param>
    /// <param name="unit">Day or second. Without a unit nothing is earned before the service ends.</param>
    public static IReadOnlyList<MonthEarned> Schedule(Money deferred, TimeRange service, ZoneRules zone, ProrationUnit unit)
    {
        Earning earning = new(deferred.Exact, deferred.Currency, new ProrationClock(service, unit, zone));
        List<MonthEarned> months = [];
        Money earned = Money.Zero(deferred.Currency);
        DateOnly month = FirstOfMonth(zone.DateOf(service.Start));
        for (DateTimeOffset end = default; end < service.End; month = month.AddMonths(1))
        {
            end = zone.StartOf(month.AddMonths(1));
            Money reached = end < service.End ? earning.At(end) : deferred;
            months.Add(new MonthEarned(month, reached - earned));
            earned = reached;
        }

        return months;
    }

    /// <summary>
    /// The months that are over and not recognised yet. Each brings what is recognised to what was earned by its end, so the months sum to the deferred amount even
    /// when a release of the zones moved a boundary in between.
    /// </summary>
    /// <param name="recognized">What was recognised before.</param>
    /// <param name="from">All months before it are done.</param>
    /// <param name="until">The last month that is wanted; null for all.</param>
    /// <inheritdoc cref="Schedule"/>
    public static RecognitionStep Step(
        Money deferred, Money recognized, TimeRange service, ZoneRules zone, ProrationUnit unit, DateOnly from, DateOnly? until, DateTimeOffset now)
    {
        List<MonthEarned> months = [];
        Money earned = Money.Zero(deferred.Currency);
        foreach (MonthEarned month in Schedule(deferred, service, zone, unit))
        {
            earned += month.Amount;
            if (month.Month < from)
            {
                continue;
            }

            DateTimeOffset end = zone.StartOf(month.Month.AddMonths(1));
            if (end > now || month.Month > until)
            {
                return new RecognitionStep(months, month.Month, end);
            }

            months.Add(month with { Amount = earned - recognized });
            recognized = earned;
        }

        return new RecognitionStep(months, null, null);
    }

    /// <summary>Key <c>recognition:{line}:{yyyy-mm}</c>, for the last day of the month or the first open day after it.</summary>
    public static IEnumerable<LedgerTransaction> Post(string line, string customer, MonthEarned month, Booking booking) => new EntryList()
        .Debit(Account.OfCustomer(AccountKind.Deferred, customer), month.Amount).Credit(Account.OfTenant(AccountKind.Revenue), month.Amount)
        .Transaction($"recognition:{line}:{month.Month.ToString("yyyy-MM", CultureInfo.InvariantCulture)}", booking);

    private static DateOnly FirstOfMonth(DateOnly date) => new(date.Year, date.Month, 1);
}
