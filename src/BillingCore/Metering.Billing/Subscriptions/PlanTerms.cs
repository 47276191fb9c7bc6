using Metering.Billing.Catalog;
using Metering.Billing.Catalog.Documents;
using Metering.Billing.Simulation;
using Metering.Billing.Zones;

namespace Metering.Billing.Subscriptions;

/// <summary>What it means to subscribe to a plan of one version of a price book: the terms of each of its phases, with the prices that one customer has instead.</summary>
public sealed class PlanTerms
{
    private readonly string _book;
    private readonly int _version;
    private readonly PlanDocument _plan;
    private readonly IReadOnlyList<(PhaseDocument Phase, IReadOnlyList<ComponentDocument> Components)> _phases;

    private PlanTerms(string book, int version, Currency currency, PlanDocument plan, Func<ComponentDocument, ComponentDocument> priced)
    {
        (_book, _version, Currency, _plan) = (book, version, currency, plan);
        _phases = [.. plan.Phases.Select(phase => (phase, (IReadOnlyList<ComponentDocument>)[.. phase.Components.Select(priced)]))];
    }

    public Currency Currency { get; }

    /// <summary>When a trial that begins then ends; null when the plan has none.</summary>
    public DateTimeOffset? TrialEnd(DateTimeOffset start, ZoneRules zone) => _plan.Phases[0] is { IsTrial: true, Length: { } length } ? PhaseFacts.EndOf(start, length, zone) : null;

    /// <summary>All components of all phases: what subscribers may be charged for some day.</summary>
    public IEnumerable<ComponentDocument> Components => _phases.SelectMany(one => one.Components);

    /// <summary>What the prices of its terms are, by their names.</summary>
    public IEnumerable<ComponentContent> Contents => Components.Select(ComponentContent.Of).DistinctBy(one => one.Price);

    /// <param name="book">Key of the price book.</param>
    /// <param name="overrides">Those of the customer that are valid when the terms begin.</param>
    /// <returns>Null when the version has no such plan.</returns>
    public static PlanTerms? Of(string book, int version, PriceBookDocument document, string plan, IEnumerable<PriceOverride> overrides)
    {
        if (document.Plans.FirstOrDefault(one => one.Key == plan) is not { } found)
        {
            return null;
        }

        Dictionary<string, PriceOverride> instead = overrides.ToDictionary(one => one.Component, StringComparer.Ordinal);
        return new PlanTerms(
            book, version, document.Currency, found,
            component => instead.TryGetValue(component.Component.Key, out PriceOverride? other) ? component with { Component = other.Over(component.Component) } : component);
    }

    /// <summary>Why nobody can have the plan in these quantities; empty when somebody can.</summary>
    /// <param name="quantities">Seats by component.</param>
    public List<Problem> Check(IReadOnlyDictionary<string, Fraction> quantities)
    {
        List<Problem> problems = [];
        if (_plan.Phases.All(phase => phase.IsTrial))
        {
            problems.Add(new Problem("plan", $"'{_plan.Key}' is nothing but a trial"));
        }

        foreach ((string key, Fraction quantity) in quantities)
        {
            string path = $"quantities.{key}";
            if (Licensed(key) is not { } seats)
            {
                problems.Add(new Problem(path, $"is no component of plan '{_plan.Key}' that is sold by the seat"));
            }
            else if (quantity.Sign < 0 || (!seats.AllowsParts && !quantity.IsInteger))
            {
                problems.Add(new Problem(path, seats.AllowsParts ? "must not be negative" : "must be a whole number of seats, 0 or more"));
            }
        }

        return problems;
    }

    /// <summary>Of other terms' quantities, those that mean something here.</summary>
    public IReadOnlyDictionary<string, Fraction> Kept(IReadOnlyDictionary<string, Fraction> quantities) =>
        quantities.Where(one => Licensed(one.Key) is not null).ToDictionary(StringComparer.Ordinal);

    /// <summary>The terms of the first phase, and what follows it.</summary>
    /// <param name="skipsTrial">Begins with the first phase that is no trial.</param>
    public SubscriptionTerms First(IReadOnlyDictionary<string, Fraction> quantities, bool skipsTrial) =>
        From(skipsTrial && _phases[0].Phase.IsTrial ? 1 : 0, quantities);

    /// <summary>The terms of a phase, and what follows it; of the first that is no trial when there is no phase of this key.</summary>
    public SubscriptionTerms Of(string phase, IReadOnlyDictionary<string, Fraction> quantities)
    {
        for (int i = 0; i < _phases.Count; i++)
        {
            if (_phases[i].Phase.Key == phase)
            {
                return From(i, quantities);
            }
        }

        return First(quantities, skipsTrial: true);
    }

    private SubscriptionTerms From(int index, IReadOnlyDictionary<string, Fraction> quantities)
    {
        (PhaseDocument phase, IReadOnlyList<ComponentDocument> components) = _phases[index];
        IReadOnlyList<SubscriptionItem> items = [.. components.Select(one => new SubscriptionItem(
            one.Component.Key, ComponentContent.Of(one).Price, one.Interval, quantities.TryGetValue(one.Component.Key, out Fraction quantity) ? quantity : Fraction.One))];
        return new SubscriptionTerms(_book, _version, _plan.Key, phase.Key, items)
        {
            IsTrial = phase.IsTrial,
            Next = phase.Length is { } length ? new NextPhase(length, From(index + 1, quantities)) : null,
        };
    }

    private LicensedPrice? Licensed(string key) => Components.Where(one => one.Component.Key == key).Select(one => one.Component.Price).OfType<LicensedPrice>().FirstOrDefault();
}
