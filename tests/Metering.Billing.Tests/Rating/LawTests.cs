using CsCheck;
using Metering.Billing.Catalog;
using Metering.Billing.Rating;
using Xunit;

namespace Metering.Billing.Tests.Rating;

/// <summary>What holds for every price.</summary>
public class LawTests
{
    private static readonly Currency s_usd = Currency.Of("USD");

    private static readonly Gen<Fraction> s_price = Gen.Select(Gen.Long[0, 100_000], Gen.Int[0, 12]).Select((units, scale) => Fraction.OfUnits(units, scale));

    private static readonly Gen<Fraction> s_quantity = Gen.Select(Gen.Long[-2_000, 20_000], Gen.Int[0, 3]).Select((units, scale) => Fraction.OfUnits(units, scale));

    private static readonly Gen<Fraction> s_share = Gen.Select(Gen.Int[0, 31], Gen.Const(31)).Select((active, full) => Fraction.Of(active, full));

    /// <summary>A quantity has at most 20,000,000 of the smallest, so that no amount is beyond what money can hold; that it is refused then is tested by itself.</summary>
    private static readonly Gen<Fraction> s_size = Gen.Select(Gen.Long[1, 100_000], Gen.Int[0, 3]).Select((units, scale) => Fraction.OfUnits(units, scale));

    private static readonly Gen<Rate> s_rate = Gen.OneOf(
        s_price.Select(unit => (Rate)new UnitRate(unit)),
        Gen.Select(s_size, s_price).Select((size, price) => (Rate)new PackageRate(size, price, PartialPackage.Up)),
        s_price.Select(percent => (Rate)new PercentRate(percent)));

    private static readonly Gen<IReadOnlyList<Tier>> s_tiers = Gen.Select(Gen.Int[1, 500].Array[0, 4], s_price.Array[5], s_rate.Array[5]).Select((steps, flats, rates) =>
    {
        Fraction bound = Fraction.Zero;
        List<Tier> tiers = [];
        for (int i = 0; i <= steps.Length; i++)
        {
            bound += i < steps.Length ? steps[i] : 0;
            tiers.Add(new Tier(i < steps.Length ? bound : null, flats[i], rates[i]));
        }

        return (IReadOnlyList<Tier>)tiers;
    });

    private static readonly Gen<Component> s_graduated = Gen.Select(s_tiers, Gen.Bool, s_price.Select(a => (Fraction?)a)).Select((tiers, hasAllowance, allowance) =>
        new Component { Price = new TieredPrice(TierMode.Graduated, tiers), Allowance = hasAllowance ? allowance : null });

    private static readonly Gen<Component> s_any = Gen.Select(s_tiers, Gen.Enum<TierMode>(), Gen.Bool.Array[4], s_price, Gen.Int[0, 100]).Select((tiers, mode, has, price, percent) => new Component
    {
        Price = new TieredPrice(mode, tiers),
        Allowance = has[0] ? price : null,
        Discounts = has[1] ? [new Discount(percent, null), new Discount(null, price)] : [],
        Minimum = has[2] ? price : null,
        Maximum = has[3] ? price + 10 : null,
    });

    [Fact]
    public void Billing_in_any_number_of_steps_equals_billing_once() =>
        Gen.Select(s_any, s_quantity.Array[1, 8], s_share, Gen.Enum<RoundingMode>()).Sample((component, quantities, share, rounding) =>
        {
            RatingTerms open = new(s_usd, rounding, share, IsClosing: false);
            Money billed = Money.Zero(s_usd);
            for (int i = 0; i < quantities.Length; i++)
            {
                AlreadyRated already = i == 0 ? default : new AlreadyRated(quantities[i - 1], billed.Exact);
                BilledStep step = StepBilling.Bill(component, Usage.Of(quantities[i]), already, open with { IsClosing = i == quantities.Length - 1 }, null);
                Assert.Equal(step.Amount, step.Lines.Aggregate(Money.Zero(s_usd), (sum, line) => sum + line.Amount));
                Assert.Equal(step.AmountExact, step.Lines.Aggregate(Fraction.Zero, (sum, line) => sum + line.Exact));
                billed += step.Amount;
            }

            Assert.Equal(Rater.Rate(component, Usage.Of(quantities[^1]), open with { IsClosing = true }, null).Charge.Amount.Net, billed);
        });

    [Fact]
    public void More_usage_never_costs_less_when_prices_are_not_negative_and_tiers_are_graduated() =>
        Gen.Select(s_graduated, s_quantity, s_quantity, s_share).Sample((component, a, b, share) =>
        {
            RatingTerms terms = new(s_usd, RoundingMode.HalfAwayFromZero, share, true);
            Assert.True(Net(component, Fraction.Min(a, b), terms) <= Net(component, Fraction.Max(a, b), terms));
        });

    [Fact]
    public void The_cost_lies_within_its_bounds() =>
        Gen.Select(s_any, s_quantity, s_share).Sample((component, quantity, share) =>
        {
            RatingTerms terms = new(s_usd, RoundingMode.HalfAwayFromZero, share, true);
            Money net = Net(component, quantity, terms);
            Money? most = component.Maximum is { } maximum ? Money.Round(maximum * share, s_usd) : null;
            Assert.True(most is null || net <= most);
            Assert.True(component.Minimum is not { } minimum || net >= Money.Round(minimum * share, s_usd) || net == most);
        });

    [Fact]
    public void The_explanations_exact_amounts_sum_to_the_total() =>
        Gen.Select(s_any, s_quantity, s_share).Sample((component, quantity, share) =>
        {
            Explanation explanation = new();
            RatedCharge charge = Rater.Rate(component, Usage.Of(quantity), new RatingTerms(s_usd, RoundingMode.HalfAwayFromZero, share, true), explanation).Charge;
            Assert.Equal(charge.Exact.Net, explanation.Steps.Aggregate(Fraction.Zero, (sum, one) => sum + (one.Step switch
            {
                TierStep tier => tier.Exact,
                DiscountStep discount => discount.Exact,
                MinimumStep minimum => minimum.Exact,
                MaximumStep maximum => maximum.Exact,
                _ => Fraction.Zero,
            })));
        });

    [Fact]
    public void An_explanation_changes_nothing() =>
        Gen.Select(s_any, s_quantity, s_share).Sample((component, quantity, share) =>
        {
            RatingTerms terms = new(s_usd, RoundingMode.HalfAwayFromZero, share, true);
            return Rater.Rate(component, Usage.Of(quantity), terms, null) == Rater.Rate(component, Usage.Of(quantity), terms, new Explanation());
        });

    [Fact]
    public void The_order_of_the_events_in_the_list_does_not_matter() => Gen.Int[0, int.MaxValue].Sample(seed =>
    {
        Random random = new(seed);
        UsageEvent[] events = [.. Enumerable.Range(0, 8).Select(i => new UsageEvent(random.Next(-20, 100), DateTimeOffset.UnixEpoch.AddSeconds(random.Next(3)), $"e{i}", null))];
        UsageEvent[] shuffled = [.. events];
        random.Shuffle(shuffled);
        Component component = new() { Price = new PercentagePrice(3, 1, random.Next(4), random.Next(200), 2, 5) };
        RatingTerms terms = new(s_usd, RoundingMode.HalfAwayFromZero, Fraction.One, true);
        return Rater.Rate(component, Usage.OfEvents(events), terms, null) == Rater.Rate(component, Usage.OfEvents(shuffled), terms, null);
    });

    private static Money Net(Component component, Fraction quantity, in RatingTerms terms) => Rater.Rate(component, Usage.Of(quantity), terms, null).Charge.Amount.Net;
}
