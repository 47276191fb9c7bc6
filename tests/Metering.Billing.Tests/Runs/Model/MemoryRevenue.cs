using Metering.Billing.Ledger;
using Metering.Billing.Periods;
using Metering.Billing.Proration;
using Metering.Billing.Zones;

namespace Metering.Billing.Tests.Runs.Model;

/// <summary>What is deferred, by line, and what of it is recognised.</summary>
internal sealed class MemoryRevenue(ZoneRules zone)
{
    private readonly List<Part> _parts = [];

    public void Add(string line, string? corrects, Money amount, TimeRange service)
    {
        if (!amount.IsZero)
        {
            _parts.Add(new Part(line, corrects, amount, service));
        }
    }

    /// <summary>By line: its own part, and those that correct it.</summary>
    public Dictionary<string, Money> StillDeferred()
    {
        Dictionary<string, Money> still = [];
        foreach ((string? line, Money amount) in _parts.SelectMany(part => new[] { (part.Line, part.Left), (part.Corrects, part.Left) }).Where(one => one.Item1 is not null))
        {
            still[line!] = still.TryGetValue(line!, out Money before) ? before + amount : amount;
        }

        return still;
    }

    /// <summary>Nothing more is recognised of the lines.</summary>
    public void Cancel(IReadOnlySet<string> lines) => _parts.RemoveAll(part => lines.Contains(part.Line));

    public IEnumerable<LedgerTransaction> Recognise(DateTimeOffset now, string customer)
    {
        foreach (Part part in _parts)
        {
            RecognitionStep step = Recognition.Step(part.Amount, part.Recognised, part.Service, zone, ProrationUnit.Day, part.Next, null, now);
            part.Next = step.Next ?? DateOnly.MaxValue;
            foreach (MonthEarned month in step.Months)
            {
                part.Recognised += month.Amount;
                foreach (LedgerTransaction posting in Recognition.Post(part.Line, customer, month, new Booking(month.LastDay, now)))
                {
                    yield return posting;
                }
            }
        }
    }

    private sealed class Part(string line, string? corrects, Money amount, TimeRange service)
    {
        public string Line => line;

        public string? Corrects => corrects;

        public Money Amount => amount;

        public TimeRange Service => service;

        public DateOnly Next { get; set; } = DateOnly.MinValue;

        public Money Recognised { get; set; } = Money.Zero(amount.Currency);

        public Money Left => amount - Recognised;
    }
}
