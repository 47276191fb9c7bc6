using System.Numerics;
using Metering.Billing.Tests.Rating.SecondOpinion;

namespace Metering.Billing.Tests.Runs.Life;

/// <summary>What was invoiced ahead becomes revenue when a calendar month of the customer is over, day by day of the service.</summary>
internal sealed class LifeRevenue(LocalClock clock)
{
    private readonly List<Part> _parts = [];

    public long Deferred => _parts.Sum(part => part.Amount - part.Recognised);

    /// <param name="line">Number of the line.</param>
    /// <param name="corrects">Number of the line that it takes from.</param>
    public void Add(int line, int corrects, long amount, DateTimeOffset from, DateTimeOffset to) => _parts.Add(new Part(line, corrects, amount, from, to));

    /// <summary>Of a line, and of what corrects it.</summary>
    public long Still(int line) => _parts.Where(part => part.Line == line || part.Corrects == line).Sum(part => part.Amount - part.Recognised);

    /// <summary>Its invoice was voided.</summary>
    public void Cancel(int line) => _parts.RemoveAll(part => part.Line == line);

    public void Recognise(DateTimeOffset now)
    {
        foreach (Part part in _parts)
        {
            part.Recognised = EarnedBy(part, now);
        }
    }

    private long EarnedBy(Part part, DateTimeOffset now)
    {
        DateOnly first = clock.Date(part.From);
        DateOnly month = new DateOnly(first.Year, first.Month, 1).AddMonths(1);
        long earned = 0;
        for (; clock.Midnight(month) <= now; month = month.AddMonths(1))
        {
            if (clock.Midnight(month) >= part.To)
            {
                return part.Amount;
            }

            earned = LifeTax.Cents(new Ratio((BigInteger)part.Amount * (month.DayNumber - first.DayNumber), clock.Date(part.To).DayNumber - first.DayNumber));
        }

        return earned;
    }

    private sealed class Part(int line, int corrects, long amount, DateTimeOffset from, DateTimeOffset to)
    {
        public int Line => line;

        public int Corrects => corrects;

        public long Amount => amount;

        public DateTimeOffset From => from;

        public DateTimeOffset To => to;

        public long Recognised { get; set; }
    }
}
