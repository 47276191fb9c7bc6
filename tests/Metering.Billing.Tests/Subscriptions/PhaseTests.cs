using System.Text.Json;
using Metering.Billing.Catalog.Documents;
using Metering.Billing.Simulation;
using Metering.Billing.Subscriptions;
using Metering.Billing.Tests.Catalog.AsCode;
using Metering.Billing.Tests.Zones;
using Metering.Billing.Zones;
using Xunit;

namespace Metering.Billing.Tests.Subscriptions;

/// <summary>Phases of a plan follow each other by the clock; the names of prices say what is one scope.</summary>
public class PhaseTests
{
    private const string Trial = """{"key":"try","trial":true,"length":{"unit":"day","count":14},"components":[]}""";
    private const string Intro = """{"key":"intro","length":{"unit":"month","count":3},"components":[{"key":"base","price":{"model":"flat","amount":"10"}},{"key":"seats","price":{"model":"licensed","unit":"5"}}]}""";
    private const string Main = """
        {"key":"main","components":[{"key":"base","price":{"model":"flat","amount":"20"}},{"key":"seats","price":{"model":"licensed","unit":"5"}},
          {"key":"tokens","meter":"m0","filter":[{"property":"model","values":["a"]}],"price":{"model":"per_unit","unit":"0.1"}}]}
        """;

    private static readonly IReadOnlyDictionary<string, Fraction> s_noSeats = new Dictionary<string, Fraction>();
    private static readonly IReadOnlyDictionary<string, Fraction> s_seats = new Dictionary<string, Fraction> { ["seats"] = 7 };

    [Fact]
    public void A_trial_an_introduction_and_the_rest_follow_each_other_by_the_clock()
    {
        Subscription life = Started(Plan(Trial, Intro, Main), "2026-01-31T00:00Z", "2026-02-14T00:00Z");
        Assert.Equal((SubscriptionState.Trialing, "try", null), (life.State, life.Terms.Phase, life.PhaseEnd));
        Assert.Equal(At("2026-02-14T00:00Z"), life.NextDue());
        life = Tick(life, "2026-02-14T00:00Z");
        Assert.Equal((SubscriptionState.Active, "intro", At("2026-05-14T00:00Z")), (life.State, life.Terms.Phase, life.PhaseEnd));
        Assert.Equal(7, life.Terms.Find("seats")!.Quantity);
        Assert.Equal(At("2026-05-14T00:00Z"), life.NextDue());
        Assert.Equal("intro", Tick(life, "2026-05-13T23:59Z").Terms.Phase);
        life = Tick(life, "2026-05-20T00:00Z");
        Assert.Equal((SubscriptionState.Active, "main", null, At("2026-05-14T00:00Z")), (life.State, life.Terms.Phase, life.PhaseEnd, life.LastAt));
        Assert.Null(life.NextDue());
    }

    [Fact]
    public void A_phase_lasts_on_the_wall_clock_of_the_subscription()
    {
        ZoneRules berlin = TzdbZones.Instance.Find("Europe/Berlin")!;
        Subscription draft = Subscription.Draft("sub-1", Plan(Intro, Main).First(s_noSeats, skipsTrial: false), At("2026-01-14T23:00Z"), null, null, true, false) with { Zone = berlin };
        Subscription life = draft.With(draft.Activate(At("2026-01-14T23:00Z")).Facts);
        Assert.Equal(At("2026-04-14T22:00Z"), life.PhaseEnd);
    }

    [Fact]
    public void A_trial_that_is_converted_early_begins_the_next_phase_early()
    {
        Subscription life = Started(Plan(Trial, Intro, Main), "2026-01-01T00:00Z", "2026-01-15T00:00Z");
        life = life.With(life.ConvertTrial(At("2026-01-05T00:00Z")).Facts);
        Assert.Equal(("intro", At("2026-04-05T00:00Z")), (life.Terms.Phase, life.PhaseEnd));
    }

    [Fact]
    public void A_first_payment_after_the_trial_begins_what_follows_it()
    {
        Subscription draft = Subscription.Draft("sub-1", Plan(Trial, Main).First(s_noSeats, skipsTrial: false), At("2026-01-01T00:00Z"), null, At("2026-01-15T00:00Z"), true, true);
        Subscription life = draft.With(draft.Activate(At("2026-01-01T00:00Z")).Facts);
        life = life.With(life.FirstPaymentReceived(At("2026-01-20T00:00Z")).Facts);
        Assert.Equal((SubscriptionState.Active, "main"), (life.State, life.Terms.Phase));
    }

    [Fact]
    public void More_seats_or_another_version_do_not_begin_a_phase_anew_and_another_plan_does()
    {
        PlanTerms plan = Plan(Intro, Main);
        Subscription life = Started(plan, "2026-01-01T00:00Z", null);
        life = life.With(life.Change(plan.Of("intro", s_seats), At("2026-02-01T00:00Z")).Facts);
        Assert.Equal((At("2026-04-01T00:00Z"), 7), (life.PhaseEnd!.Value, life.Terms.Find("seats")!.Quantity));
        life = life.With(life.Change(plan.Of("intro", s_seats) with { Version = 2 }, At("2026-02-02T00:00Z")).Facts);
        Assert.Equal(At("2026-04-01T00:00Z"), life.PhaseEnd);
        life = life.With(life.Change(plan.Of("intro", s_seats) with { Plan = "other" }, At("2026-02-03T00:00Z")).Facts);
        Assert.Equal(At("2026-05-03T00:00Z"), life.PhaseEnd);
        life = life.With(life.Change(plan.Of("main", s_seats), At("2026-02-04T00:00Z")).Facts);
        Assert.Null(life.PhaseEnd);
    }

    [Fact]
    public void A_pause_does_not_stop_the_phases()
    {
        Subscription life = Started(Plan(Intro, Main), "2026-01-01T00:00Z", null);
        life = life.With(life.PauseAt(At("2026-03-01T00:00Z"), null, null, keepsAdvance: false).Facts);
        life = Tick(life, "2026-04-10T00:00Z");
        Assert.Equal((SubscriptionState.Paused, "main"), (life.State, life.Terms.Phase));
    }

    [Fact]
    public void One_price_has_one_name_and_what_changes_the_price_changes_the_name()
    {
        string name = Price(Main, "tokens");
        Assert.Matches("^[0-9a-f]{16}$", name);
        Assert.Equal(name, Price(Main.Replace("\"key\":\"tokens\",", "\"key\":\"tokens\",\"name\":\"Tokens\",", StringComparison.Ordinal), "tokens"));
        Assert.Equal(name, Price(Main.Replace("\"0.1\"", "\"0.10\"", StringComparison.Ordinal), "tokens"));
        Assert.NotEqual(name, Price(Main.Replace("\"0.1\"", "\"0.11\"", StringComparison.Ordinal), "tokens"));
        Assert.NotEqual(name, Price(Main.Replace("[\"a\"]", "[\"b\"]", StringComparison.Ordinal), "tokens"));
        Assert.NotEqual(name, Price(Main.Replace("\"key\":\"tokens\",", "\"key\":\"tokens\",\"interval\":{\"unit\":\"week\",\"count\":1},", StringComparison.Ordinal), "tokens"));
        Assert.NotEqual(name, Price(Main.Replace("\"key\":\"tokens\",", "\"key\":\"tokens\",\"prorate\":\"second\",", StringComparison.Ordinal), "tokens"));
        Assert.NotEqual(Price(Main, "base"), Price(Main.Replace("\"key\":\"base\",", "\"key\":\"base\",\"timing\":\"arrears\",", StringComparison.Ordinal), "base"));
    }

    [Fact]
    public void What_a_customer_pays_instead_is_a_price_of_its_own()
    {
        PriceOverride cheaper = PriceOverride.Read(JsonDocument.Parse(
            """{"customer":"acme","price_book":"b","plan":"p","component":"tokens","valid_from":"2026-01-01T00:00:00Z","price":{"model":"per_unit","unit":"0.11"}}""").RootElement);
        PlanTerms plan = PlanTerms.Of("b", 1, Book(Main), "p", [cheaper])!;
        Assert.Equal(Price(Main.Replace("\"0.1\"", "\"0.11\"", StringComparison.Ordinal), "tokens"), plan.First(s_noSeats, true).Find("tokens")!.Price);
        Assert.Equal(Price(Main, "base"), plan.First(s_noSeats, true).Find("base")!.Price);
    }

    [Fact]
    public void A_content_reads_back_to_the_component_that_has_it()
    {
        for (int seed = 0; seed < CaseCount.Of(500); seed++)
        {
            foreach (ComponentDocument component in Documents.Read(new RandomCatalog(seed).Make()).PriceBooks.SelectMany(book => book.Version.Plans).SelectMany(plan => plan.Phases).SelectMany(phase => phase.Components))
            {
                ComponentContent content = ComponentContent.Of(component);
                ComponentDocument again = content.Read(component.Component.Key, component.Name, slug => RandomCatalog.MeterOf(slug)!.Aggregation);
                Assert.Equal(content, ComponentContent.Of(again));
                Assert.Equal((component.Name, component.Timing, component.Interval, component.Proration), (again.Name, again.Timing, again.Interval, again.Proration));
            }
        }
    }

    [Theory]
    [InlineData("base", 1, "quantities.base: is no component of plan 'p' that is sold by the seat")]
    [InlineData("seats", -1, "quantities.seats: must be a whole number of seats, 0 or more")]
    public void Quantities_are_seats(string component, int quantity, string problem) =>
        Assert.Equal([problem], Plan(Intro, Main).Check(new Dictionary<string, Fraction> { [component] = quantity }).Select(one => one.ToString()));

    [Fact]
    public void Half_a_seat_is_had_only_where_it_is_sold()
    {
        Dictionary<string, Fraction> half = new() { ["seats"] = Fraction.Parse("0.5") };
        Assert.Single(Plan(Main).Check(half));
        Assert.Empty(Plan(Main.Replace("\"licensed\",", "\"licensed\",\"fractional_seats\":true,", StringComparison.Ordinal)).Check(half));
    }

    private static string Price(string phase, string component) => Plan(phase).First(s_noSeats, skipsTrial: true).Find(component)!.Price;

    private static Subscription Started(PlanTerms plan, string start, string? trialEnd)
    {
        Subscription draft = Subscription.Draft("sub-1", plan.First(s_seats, skipsTrial: false), At(start), null, trialEnd is null ? null : At(trialEnd), true, false);
        return draft.With(draft.Activate(At(start)).Facts);
    }

    private static Subscription Tick(Subscription life, string now)
    {
        while (life.Due(At(now), Standing.Good) is { } due)
        {
            life = life.With(due.Facts);
        }

        return life;
    }

    private static PlanTerms Plan(params string[] phases) => PlanTerms.Of("b", 1, Book(phases), "p", [])!;

    private static PriceBookDocument Book(params string[] phases)
    {
        using JsonDocument body = JsonDocument.Parse(
            $$"""{"currency":"USD","effective_from":"2026-01-01T00:00:00Z","plans":[{"key":"p","product":"api","phases":[{{string.Join(',', phases)}}]}]}""");
        List<Problem> problems = [];
        PriceBookDocument book = PriceBookReader.Read(body.RootElement, RandomCatalog.MeterOf, new HashSet<string> { "api" }, problems);
        Assert.Empty(problems);
        return book;
    }

    private static DateTimeOffset At(string text) => Instants.Utc(text);
}
