using System.Globalization;
using System.Text.Json.Nodes;
using CsCheck;
using Metering.Billing.Periods;
using Metering.Billing.Proration;
using Metering.Billing.Tests.Calculator;
using Metering.Billing.Tests.Periods;
using Metering.Billing.Zones;
using NodaTime;
using Xunit;

namespace Metering.Billing.Tests.Proration;

public class ProrationLawTests
{
    private static readonly Gen<string> s_zone = Gen.OneOf(PeriodLawTests.Zones);
    private static readonly Gen<DateTime> s_date = Gen.Int[0, 365 * 50].Select(day => new DateTime(1990, 1, 1).AddDays(day));
    private static readonly Gen<ProrationUnit> s_counted = Gen.OneOf(ProrationUnit.Day, ProrationUnit.Second);
    private static readonly Gen<Currency> s_currency = Gen.OneOf(Currency.Of("USD"), Currency.Of("JPY"), Currency.Of("KWD"));

    private static readonly Gen<NaiveCharge> s_charge =
        from amount in Gen.OneOf(Gen.Long[-5_000, 5_000], Gen.Long[0, 100_000_000])
        from timing in Gen.OneOf("advance", "advance", "arrears", "once", "usage")
        from ends in Gen.Select(Gen.Int[-3_000, 60_000], Gen.Int[0, 60_000], Gen.Int[0, 3])
        from billed in Gen.Select(Gen.Int[0, 2], Gen.Long[-100, 6_000], Gen.Long[0, 2_000])
        select new NaiveCharge(
            "c",
            amount,
            timing,
            (ends.Item3 & 1) == 0 ? ends.Item1 : null,
            (ends.Item3 & 2) == 0 ? ends.Item1 + ends.Item2 : null,
            billed.Item1 switch { 0 => null, 1 => billed.Item2, _ => Math.Max(0, amount) },
            billed.Item1 == 0 ? 0 : billed.Item3);

    [Fact]
    public void Parts_of_a_constant_price_sum_to_the_whole_however_it_is_cut() =>
        Gen.Select(s_zone, s_date, s_counted, s_currency, Gen.Long[-1_000_000_000, 1_000_000_000], Gen.Int[-100, 60_000].Array[0, 8]).Sample(
            (zone, date, unit, currency, price, cuts) =>
            {
                (TimeRange period, ZoneRules rules) = MonthFrom(zone, date);
                Earning earning = new(Fraction.OfUnits(price, 4), currency, new ProrationClock(period, unit, rules), RoundingMode.HalfAwayFromZero);
                DateTimeOffset[] ends = [period.Start, .. cuts.Select(cut => period.Clamp(period.Start.AddMinutes(cut))).Order(), period.End];
                Money sum = Money.Zero(currency);
                for (int part = 1; part < ends.Length; part++)
                {
                    sum += earning.Of(new TimeRange(ends[part - 1], ends[part]));
                }

                Assert.Equal(Money.Round(earning.Net, currency), sum);
            },
            iter: CaseCount.Of(20_000));

    [Fact]
    public void What_is_earned_never_falls() =>
        Gen.Select(s_zone, s_date, s_counted, Gen.Long[0, 1_000_000], Gen.Int[0, 60_000], Gen.Int[0, 3_000]).Sample(
            (zone, date, unit, price, at, later) =>
            {
                (TimeRange period, ZoneRules rules) = MonthFrom(zone, date);
                Earning earning = new(Fraction.OfUnits(price, 2), Currency.Of("USD"), new ProrationClock(period, unit, rules));
                Assert.True(earning.At(period.Start.AddMinutes(at)) <= earning.At(period.Start.AddMinutes(at + later)));
            },
            iter: CaseCount.Of(20_000));

    [Fact]
    public void A_credit_mirrors_its_charge() =>
        Gen.Select(s_zone, s_date, s_counted, Gen.Long[1, 1_000_000], Gen.Int[0, 50_000]).Sample(
            (zone, date, unit, cents, at) =>
            {
                (TimeRange period, ZoneRules rules) = MonthFrom(zone, date);
                Money price = new(cents, Currency.Of("USD"));
                TimeRange used = new(period.Start, period.Clamp(period.Start.AddMinutes(at)));
                TimeRange rest = new(used.End, period.End);
                Change change = Change.Of(
                    new ProrationClock(period, unit, rules),
                    price.Currency,
                    [
                        new ProratedCharge("old", price.Exact, ChargeTiming.Advance, used, new Billed(price, Money.Zero(price.Currency))),
                        new ProratedCharge("new", price.Exact, ChargeTiming.Advance, rest),
                    ]);
                Assert.True(change.Net.IsZero);
                Assert.Equal(ChangeDirection.Lateral, change.Direction);
            },
            iter: CaseCount.Of(10_000));

    [Fact]
    public void The_shares_of_a_scope_s_time_and_of_the_rest_are_the_whole() =>
        Gen.Select(s_zone, s_date, s_counted, Gen.Int[0, 46_000].Array[2, 9]).Sample(
            (zone, date, unit, minutes) =>
            {
                (TimeRange period, ZoneRules rules) = MonthFrom(zone, date);
                ProrationClock clock = new(period, unit, rules);
                DateTimeOffset[] ends = [period.Start, .. minutes.Select(cut => period.Clamp(period.Start.AddMinutes(cut))).Order(), period.End];
                TimeRange[] parts = [.. Enumerable.Range(1, ends.Length - 1).Select(part => new TimeRange(ends[part - 1], ends[part]))];
                Fraction active = ScopeShare.Of(parts.Where((_, part) => part % 2 == 0), clock);
                Fraction idle = ScopeShare.Of(parts.Where((_, part) => part % 2 == 1), clock);
                Assert.Equal(clock.Full == 0 ? Fraction.Zero : Fraction.One, active + idle);
            },
            iter: CaseCount.Of(10_000));

    [Fact]
    public void The_calculator_says_what_a_slow_reading_of_the_reference_says() =>
        Gen.Select(s_zone, s_date, Gen.OneOf("day", "second", "none"), Gen.Int[0, 46_000], s_charge.Array[0, 4]).Sample(
            (zone, date, unit, minutes, charges) =>
            {
                DateTimeZone naive = DateTimeZoneProviders.Tzdb[zone];
                Instant start = Instant.FromDateTimeUtc(DateTime.SpecifyKind(date, DateTimeKind.Utc));
                Instant At(int minute) => start + Duration.FromMinutes(minute);
                string expected = NaiveProration.Answer(naive, unit, start, At(minutes), At, charges);
                Assert.Equal(expected, Ask(zone, unit, At, minutes, charges));
            },
            iter: CaseCount.Of(10_000));

    private static string Ask(string zone, string unit, Func<int, Instant> at, int minutes, IEnumerable<NaiveCharge> charges)
    {
        JsonObject one = new()
        {
            ["id"] = "1",
            ["currency"] = "USD",
            ["zone"] = zone,
            ["unit"] = unit,
            ["period"] = new JsonArray(at(0).ToString(), at(minutes).ToString()),
            ["charges"] = new JsonArray([.. charges.Select(charge => new JsonObject
            {
                ["id"] = charge.Id,
                ["amount"] = Dollars(charge.Amount),
                ["timing"] = charge.Timing,
                ["from"] = charge.From is { } from ? at(from).ToString() : null,
                ["to"] = charge.To is { } to ? at(to).ToString() : null,
                ["billed"] = charge.Billed is { } billed ? Dollars(billed) : null,
                ["credited"] = Dollars(charge.Credited),
            })]),
        };
        JsonNode answer = JsonNode.Parse(TimeCalculators.OneProrate(one.ToJsonString()))!;
        IEnumerable<string> lines = answer["lines"]!.AsArray().Select(line =>
            $"{line!["charge"]} {line["kind"]} {Cents(line["amount"]!)} {line["fraction"]}{(line["capped"]!.GetValue<bool>() ? " capped" : "")}");
        return $"{string.Join(", ", lines)} | {Cents(answer["net"]!)} {answer["direction"]}";
    }

    private static string Dollars(long cents) => string.Create(CultureInfo.InvariantCulture, $"{(cents < 0 ? "-" : "")}{Math.Abs(cents) / 100}.{Math.Abs(cents) % 100:00}");

    private static long Cents(JsonNode amount) => long.Parse(amount.ToString().Replace(".", "", StringComparison.Ordinal), CultureInfo.InvariantCulture);

    private static (TimeRange Period, ZoneRules Zone) MonthFrom(string zone, DateTime date)
    {
        ZoneRules rules = TzdbZones.Instance.Find(zone)!;
        return (new Cadence(rules, new BillingInterval(IntervalUnit.Month), BillingAnchor.At(date)).Period(0), rules);
    }
}
