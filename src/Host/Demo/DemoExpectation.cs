namespace Metering.Host.Demo;

/// <summary>
/// What the answers must be, added up while the events are made and in the simplest way there is: no log, no windows, no deduplication. It
/// knows which events are distinct because it made them.
/// </summary>
internal sealed class DemoExpectation
{
    public SortedDictionary<(string Customer, string Model), decimal> Requests { get; } = [];

    public SortedDictionary<(string Customer, string Model, string Type), decimal> Tokens { get; } = [];

    public SortedDictionary<string, decimal> SlowestByModel { get; } = [];

    public SortedDictionary<string, SortedSet<string>> ModelsByCustomer { get; } = [];

    /// <summary>Distinct events that count.</summary>
    public long Events { get; private set; }

    public void Add(in DemoEvent one)
    {
        Events++;
        if (one.TokenType is { } type)
        {
            Change(Tokens, (one.Customer, one.Model, type), one.Tokens);
            return;
        }

        Change(Requests, (one.Customer, one.Model), 1);
        SlowestByModel[one.Model] = Math.Max(SlowestByModel.GetValueOrDefault(one.Model), one.LatencyMs);
        SortedSet<string> models = ModelsByCustomer.TryGetValue(one.Customer, out SortedSet<string>? known) ? known : ModelsByCustomer[one.Customer] = [];
        models.Add(one.Model);
    }

    /// <param name="one">An event about tokens, which is what the demo takes back.</param>
    public void TakeBack(in DemoEvent one)
    {
        Events--;
        Change(Tokens, (one.Customer, one.Model, one.TokenType!), -one.Tokens);
    }

    private static void Change<TKey>(SortedDictionary<TKey, decimal> totals, TKey key, decimal by)
        where TKey : notnull => totals[key] = totals.GetValueOrDefault(key) + by;
}
