using System.Globalization;
using System.Text;

namespace Metering.Host.Demo;

/// <summary>Everything the demo sends, made from a seed: the same seed and times give the same bytes.</summary>
internal sealed class DemoPlan
{
    private const double LateShare = 0.04;
    private const double DuplicateShare = 0.006;
    private const int EventsPerRequest = 3;
    private const int Conflicts = 5;
    private const int RequestsPerMonthRequest = 20;
    private const int TokensOfMonth = 10;

    private readonly Random _random;
    private readonly DateTimeOffset _from;
    private readonly DateTimeOffset _to;
    private readonly DateTimeOffset _lateUpto;
    private readonly List<(double Order, byte[] Line)> _onTime = [];
    private readonly List<byte[]> _late = [];
    private readonly List<DemoEvent> _tokens = [];

    private DemoPlan(int seed, DateTimeOffset from, DateTimeOffset to, DateTimeOffset lateUpto)
    {
        _random = new Random(seed);
        _from = from;
        _to = to;
        _lateUpto = lateUpto;
    }

    public DemoExpectation Expectation { get; } = new();

    /// <summary>Lines in the order in which they are sent: out of order by event time, with retries, with some that are broken.</summary>
    public IReadOnlyList<byte[]> OnTime { get; private set; } = [];

    /// <summary>Usage of the oldest minutes that turns up when they are sealed.</summary>
    public IReadOnlyList<byte[]> Late => _late;

    /// <summary>The last calendar month, in the order in which it happened.</summary>
    public IReadOnlyList<byte[]> Month { get; private set; } = [];

    /// <summary>Half-open.</summary>
    public (DateTimeOffset From, DateTimeOffset To) LastMonth { get; private set; }

    /// <summary>Usage of the last day of that month that turns up when it is billed.</summary>
    public byte[] LateForInvoice { get; private set; } = [];

    public byte[] Void { get; private set; } = [];

    public byte[] Amendment { get; private set; } = [];

    public int LateEvents { get; private set; }

    public int Duplicates { get; private set; }

    /// <summary>Records the log will hold: every line, the void, the amendment, and what is late for its invoice.</summary>
    public long Records => Month.Count + OnTime.Count + Late.Count + 3;

    /// <param name="seed">Decides everything but the times.</param>
    /// <param name="events">About how many events.</param>
    /// <param name="from">The first event's time.</param>
    /// <param name="to">The last event's time, about.</param>
    /// <param name="lateUpto">Only events before this time are ever late.</param>
    public static DemoPlan Create(int seed, int events, DateTimeOffset from, DateTimeOffset to, DateTimeOffset lateUpto)
    {
        DemoPlan plan = new(seed, from, to, lateUpto);
        int requests = Math.Max(20, events / EventsPerRequest);
        for (int i = 0; i < requests; i++)
        {
            plan.AddRequest(i, requests);
        }

        plan.AddMonth(requests / RequestsPerMonthRequest);
        plan.AddBroken(requests);
        plan.AddConflicts();
        plan.Correct();
        plan._onTime.Sort((one, other) => one.Order.CompareTo(other.Order));
        plan.OnTime = [.. plan._onTime.Select(entry => entry.Line)];
        return plan;
    }

    private void AddRequest(int index, int requests)
    {
        DemoWorld.Model model = DemoWorld.PickModel(_random);
        string customer = DemoWorld.PickCustomer(_random).Name;
        string source = DemoWorld.Gateways[_random.Next(DemoWorld.Gateways.Count)];
        string id = string.Create(CultureInfo.InvariantCulture, $"req-{index:x6}");
        long ticks = _from.Ticks + (long)((_to - _from).Ticks * ((double)index / requests));
        decimal latency = Math.Round((decimal)Around(model.LatencyMs), 3) + 1;
        DemoEvent request = new(id, source, customer, model.Name, null, 0, latency, ticks);
        bool isLate = ticks < _lateUpto.Ticks && _random.NextDouble() < LateShare;
        Add(request, index, isLate);
        Add(request with { Id = id + "-in", TokenType = "input", Tokens = 1 + (long)Around(model.InputTokens) }, index, isLate);
        Add(request with { Id = id + "-out", TokenType = "output", Tokens = 1 + (long)Around(model.OutputTokens) }, index, isLate);
    }

    /// <summary>Of the month before that of the last event: whole prompts and answers, a request after the other.</summary>
    private void AddMonth(int requests)
    {
        DateTimeOffset to = new(_to.Year, _to.Month, 1, 0, 0, 0, TimeSpan.Zero);
        DateTimeOffset from = to.AddMonths(-1);
        LastMonth = (from, to);
        List<byte[]> lines = [];
        for (int i = 0; i < requests; i++)
        {
            DemoWorld.Model model = DemoWorld.PickModel(_random);
            long ticks = from.Ticks + (long)((to - from).Ticks * ((double)i / requests));
            DemoEvent request = new(
                string.Create(CultureInfo.InvariantCulture, $"month-{i:x6}"), DemoWorld.Gateways[_random.Next(DemoWorld.Gateways.Count)], DemoWorld.PickCustomer(_random).Name, model.Name, null, 0,
                Math.Round((decimal)Around(model.LatencyMs), 3) + 1, ticks);
            foreach (DemoEvent one in new[]
            {
                request,
                request with { Id = request.Id + "-in", TokenType = "input", Tokens = 1 + (long)Around(model.InputTokens * TokensOfMonth) },
                request with { Id = request.Id + "-out", TokenType = "output", Tokens = 1 + (long)Around(model.OutputTokens * TokensOfMonth) },
            })
            {
                Expectation.Add(one);
                lines.Add(one.ToJson());
            }
        }

        Month = lines;
        DemoEvent late = new("month-late", DemoWorld.Gateways[0], DemoWorld.Customers[0].Name, DemoWorld.Models[0].Name, "input", 2_000_000, 0, to.AddHours(-6).Ticks);
        Expectation.Add(late);
        LateForInvoice = late.ToJson();
    }

    private void Add(in DemoEvent one, int index, bool isLate)
    {
        Expectation.Add(one);
        byte[] line = one.ToJson();
        if (isLate)
        {
            _late.Add(line);
            LateEvents++;
            return;
        }

        // Requests overtake each other by some hundreds; now and then one by thousands.
        double delay = _random.NextDouble() * (_random.Next(100) == 0 ? 6000 : 300);
        _onTime.Add((index + delay, line));
        if (one.TokenType is not null && _tokens.Count < 1000)
        {
            _tokens.Add(one);
        }

        if (_random.NextDouble() < DuplicateShare)
        {
            // A retry by a client that puts the time of sending on the event: still the same event.
            _onTime.Add((index + delay + (_random.NextDouble() * 3000), (one with { Ticks = one.Ticks + _random.Next(1, 50_000_000) }).ToJson()));
            Duplicates++;
        }
    }

    /// <summary>What senders get wrong: each costs itself and nothing else.</summary>
    private void AddBroken(int requests)
    {
        string time = _to.UtcDateTime.ToString("O", CultureInfo.InvariantCulture);
        string future = _to.AddHours(1).UtcDateTime.ToString("O", CultureInfo.InvariantCulture);
        string[] broken =
        [
            $$$"""{"id":"bad-1","source":"gateway-eu","type":"llm.tokens","time":"{{{time}}}","data":{"model":"gpt-4o","type":"input","tokens":10}}""",
            $$$"""{"id":"bad-2","source":"gateway-eu","type":"llm.tokens","time":"{{{time}}}","data":{"model":"gpt-4o","type":"output","tokens":3}}""",
            $$$"""{"id":"bad-3","source":"gateway-us","type":"llm.request","subject":"acme","time":"{{{future}}}","data":{"model":"gpt-4o","latency_ms":1}}""",
            $$$"""{"id":"bad-4","source":"gateway-us","type":"llm.request","subject":"globex","time":"yesterday","data":{"model":"gpt-4o","latency_ms":1}}""",
            """{"id":"bad-5","source":"gateway-us","type":"llm.request","subject":"globex","data":{"model":"gpt""",
            $$$"""{"id":"bad-6","source":"gateway-ap","type":"llm.tokens","subject":"hooli","time":"{{{time}}}","data":{"tokens":1,"tokens":2}}""",
            $$$"""{"id":"bad-7","source":"gateway-ap","type":"llm.tokens","subject":"hooli","time":"{{{time}}}","data":{"model":"llama-70b","type":"input","tokens":"many"}}""",
        ];
        foreach (string line in broken)
        {
            _onTime.Add((_random.NextDouble() * requests, Encoding.UTF8.GetBytes(line)));
        }
    }

    /// <summary>Other usage under an id that was used before: kept aside, never counted. Sent last, so that it is not the first.</summary>
    private void AddConflicts()
    {
        foreach (DemoEvent taken in _tokens.Take(Conflicts))
        {
            _late.Add((taken with { Tokens = taken.Tokens + 1000 }).ToJson());
        }
    }

    private void Correct()
    {
        DemoEvent voided = _tokens[^1];
        Void = voided.ToVoid("the request failed, and the customer is not to pay for it");
        Expectation.TakeBack(voided);

        DemoEvent before = _tokens[^2];
        DemoEvent after = before with { Tokens = before.Tokens / 2 };
        Amendment = after.ToAmendment("the gateway had counted the cached part of the prompt");
        Expectation.TakeBack(before);
        Expectation.Add(after);
    }

    /// <summary>Log-normal: most calls are near the median, a few are many times it.</summary>
    private double Around(double median)
    {
        double normal = Math.Sqrt(-2 * Math.Log(1 - _random.NextDouble())) * Math.Cos(2 * Math.PI * _random.NextDouble());
        return median * Math.Exp(0.8 * normal);
    }
}
