using System.Text.Json;
using Metering.Billing.Periods;
using Metering.Billing.Subscriptions;
using Metering.Billing.Tests.Zones;
using Metering.Billing.Zones;
using Xunit;

namespace Metering.Billing.Tests.Subscriptions;

/// <summary>Random lives: whatever happens to a subscription is stored and read back, and time brings what was announced.</summary>
public class SubscriptionJsonTests
{
    private static readonly DateTimeOffset s_start = Instants.Utc("2026-01-31T00:00Z");

    [Fact]
    public void What_is_written_reads_back_to_the_same_bytes_and_the_same_subscription()
    {
        HashSet<Type> seen = [];
        for (int seed = 0; seed < CaseCount.Of(2_000); seed++)
        {
            (Subscription draft, IReadOnlyList<IReadOnlyList<SubscriptionFact>> steps) = Live(new Random(seed));
            IReadOnlyList<SubscriptionFact> facts = [.. steps.SelectMany(step => step)];
            Subscription draftAgain = SubscriptionJson.ReadDraft(draft.Id, Parse(SubscriptionJson.Bytes(draft)), draft.Zone);
            List<SubscriptionFact> again = [.. facts.Select(fact => SubscriptionJson.ReadFact(Parse(SubscriptionJson.Bytes(fact)), Rules))];
            Assert.Equal(Texts(draft, facts), Texts(draftAgain, again));
            (Subscription one, Subscription other) = (draft.With(facts), draftAgain.With(again));
            Assert.Equal(one with { Terms = other.Terms, PendingChange = other.PendingChange }, other);
            Assert.Equal((one.Terms, one.Terms.IsTrial, one.Terms.Next?.After, one.PendingChange), (other.Terms, other.Terms.IsTrial, other.Terms.Next?.After, other.PendingChange));
            seen.UnionWith(facts.Select(fact => fact.GetType()));
        }

        Assert.Equal(typeof(SubscriptionFact).Assembly.GetTypes().Where(type => type.IsSubclassOf(typeof(SubscriptionFact))).ToHashSet(), seen);
    }

    [Fact]
    public void Something_is_due_exactly_from_the_announced_instant_on()
    {
        for (int seed = 0; seed < CaseCount.Of(1_000); seed++)
        {
            (Subscription life, IReadOnlyList<IReadOnlyList<SubscriptionFact>> steps) = Live(new Random(seed));
            foreach (IReadOnlyList<SubscriptionFact> facts in steps)
            {
                life = life.With(facts);
                if (life.NextDue() is { } due)
                {
                    Assert.True(life.Due(due, Standing.Good) is not null && life.Due(due.AddMinutes(-1), Standing.Good) is null, $"seed {seed}");
                }
                else
                {
                    Assert.True(life.Due(DateTimeOffset.MaxValue, Standing.Good) is null, $"seed {seed}");
                }
            }
        }
    }

    [Theory]
    [InlineData("""{"sequence":1,"effective_at":"2026-01-01T00:00:00Z","fact":"married"}""")]
    [InlineData("""{"sequence":1,"effective_at":"2026-01-01T00:00:30Z","fact":"cancel_pending"}""")]
    [InlineData("""{"sequence":1,"effective_at":"2026-01-01T00:00:00Z","fact":"moved","to":"asleep"}""")]
    public void What_was_not_written_here_is_not_read(string fact) => Assert.Throws<InvalidDataException>(() => SubscriptionJson.ReadFact(Parse(System.Text.Encoding.UTF8.GetBytes(fact)), Rules));

    [Theory]
    [InlineData("anniversary", AnchorKind.Anniversary, 0)]
    [InlineData("instant", AnchorKind.Instant, 0)]
    [InlineData("calendar", AnchorKind.Calendar, 0)]
    [InlineData("day 31", AnchorKind.DayOfMonth, 31)]
    public void An_anchor_has_one_text(string text, AnchorKind kind, int day)
    {
        Assert.True(AnchorRule.TryParse(text, out AnchorRule rule));
        Assert.Equal((kind, day, text), (rule.Kind, rule.Day, rule.ToString()));
    }

    [Theory]
    [InlineData("")]
    [InlineData("31")]
    [InlineData("day 0")]
    [InlineData("day 32")]
    [InlineData("day 01")]
    [InlineData("Calendar")]
    public void Other_texts_are_no_anchor(string text) => Assert.False(AnchorRule.TryParse(text, out _));

    /// <returns>What each step recorded.</returns>
    private static (Subscription Draft, IReadOnlyList<IReadOnlyList<SubscriptionFact>> Steps) Live(Random random)
    {
        bool hasTrial = random.Next(2) == 0;
        Subscription draft = Subscription.Draft(
            "sub-1", Terms(random, hasTrial), s_start, random.Next(4) == 0 ? s_start.AddDays(90) : null, hasTrial ? s_start.AddDays(14) : null, random.Next(3) > 0, random.Next(3) == 0)
            with { Zone = TzdbZones.Instance.Find("Europe/Berlin")! };
        List<IReadOnlyList<SubscriptionFact>> steps = [];
        DateTimeOffset now = s_start.AddDays(random.Next(-3, 3));
        for (int step = 0; step < 25; step++)
        {
            Subscription life = draft.With(steps.SelectMany(facts => facts));
            steps.Add((Operation(random, life, now) is { IsApplied: true } decision ? decision : life.Due(now, (Standing)random.Next(3)))?.Facts ?? []);
            now = now.AddMinutes(random.Next(6 * 24 * 60));
        }

        return (draft, steps);
    }

    private static Decision Operation(Random random, Subscription life, DateTimeOffset now) => random.Next(15) switch
    {
        0 or 1 => life.Activate(now),
        2 => life.FirstPaymentReceived(now),
        3 => life.Change(Terms(random, false), now),
        4 => life.ScheduleChange(Terms(random, false), now.AddDays(20), now),
        5 => life.ExtendTrial(now.AddDays(7), now),
        6 => life.ConvertTrial(now),
        7 => life.PauseAt(now, null, random.Next(2) == 0 ? TimeSpan.FromDays(5) : null, random.Next(2) == 0),
        8 => life.Resume(now, (Standing)random.Next(3)),
        9 => life.CancelLater(now.AddDays(10), now),
        10 => life.Undo(now),
        11 => life.Reassess(now, (Standing)random.Next(3)),
        12 when random.Next(4) == 0 => life.SetZone(TzdbZones.Instance.Find(random.Next(2) == 0 ? "America/New_York" : "Europe/Berlin")!, now),
        13 when random.Next(10) == 0 => life.Follow("sub-2", now),
        _ => life.Due(now, Standing.Good) ?? life.Resume(now, Standing.Good),
    };

    private static SubscriptionTerms Terms(Random random, bool isTrial)
    {
        SubscriptionItem[] items = [.. Enumerable.Range(0, random.Next(3)).Select(i =>
            new SubscriptionItem($"c{i}", $"{random.Next(10):x16}", new BillingInterval((IntervalUnit)random.Next(6), random.Next(1, 4)), Fraction.Parse($"{random.Next(100)}.5")))];
        return new SubscriptionTerms("standard", random.Next(1, 9), $"plan-{random.Next(3)}", isTrial ? "try" : $"phase-{random.Next(3)}", items)
        {
            IsTrial = isTrial,
            Next = isTrial || random.Next(2) == 0 ? new NextPhase(new BillingInterval(IntervalUnit.Month), Terms(random, false)) : null,
        };
    }

    private static List<string> Texts(Subscription draft, IReadOnlyList<SubscriptionFact> facts) =>
        [System.Text.Encoding.UTF8.GetString(SubscriptionJson.Bytes(draft)), .. facts.Select(fact => System.Text.Encoding.UTF8.GetString(SubscriptionJson.Bytes(fact)))];

    private static ZoneRules Rules(ZoneName name) => TzdbZones.Instance.Find(name.Id)!;

    private static JsonElement Parse(byte[] json) => JsonDocument.Parse(json).RootElement;
}
