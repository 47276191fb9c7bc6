using Metering.Billing.Subscriptions;
using Xunit;

namespace Metering.Billing.Tests.Subscriptions;

public class TransitionTableTests
{
    private static readonly SubscriptionState[] s_states = Enum.GetValues<SubscriptionState>();
    private static readonly Trigger[] s_triggers = Enum.GetValues<Trigger>();

    /// <summary>Every state with every trigger, as the specification lists them: a line per pair.</summary>
    [Fact]
    public void The_table_is_the_one_of_the_specification() =>
        Assert.Equal(Pages.BlockAfter("subscriptions.md", "## Every state with every trigger"), s_states.SelectMany(state => s_triggers.Select(trigger => Line(state, trigger))));

    [Fact]
    public void Nothing_leaves_a_terminal_state() =>
        Assert.DoesNotContain(TransitionTable.Rows, row => row.From is SubscriptionState.Canceled or SubscriptionState.Expired);

    [Fact]
    public void Every_pair_has_a_row_that_always_holds_or_covers_every_standing_or_none_at_all()
    {
        foreach (IGrouping<(SubscriptionState, Trigger), Transition> pair in TransitionTable.Rows.GroupBy(row => (row.From, row.On)))
        {
            Condition[] conditions = [.. pair.Select(row => row.When)];
            Assert.True(
                conditions[^1] == Condition.Always || conditions.ToHashSet().SetEquals([Condition.GraceOver, Condition.WithinGrace, Condition.NothingOverdue]),
                $"{pair.Key}: {string.Join(' ', conditions)}");
            Assert.Equal(conditions.Length, conditions.Distinct().Count());
        }
    }

    [Fact]
    public void Every_state_can_be_reached()
    {
        HashSet<SubscriptionState> reached = [SubscriptionState.Draft];
        while (TransitionTable.Rows.FirstOrDefault(row => reached.Contains(row.From) && !reached.Contains(row.To)) is { } next)
        {
            reached.Add(next.To);
        }

        Assert.Equal(s_states.ToHashSet(), reached);
    }

    [Fact]
    public void Every_state_that_is_not_terminal_can_end() =>
        Assert.All(
            s_states.Except([SubscriptionState.Canceled, SubscriptionState.Expired]),
            state => Assert.Contains(TransitionTable.Rows, row => row.From == state && row.On == Trigger.Cancel && row.To == SubscriptionState.Canceled));

    private static string Line(SubscriptionState state, Trigger trigger)
    {
        Transition[] rows = [.. TransitionTable.Rows.Where(row => row.From == state && row.On == trigger)];
        string outcome = rows.Length == 0
            ? $"refused: {Refusals.Of(state, trigger)}"
            : string.Join("; ", rows.Select(row => $"{(row.When == Condition.Always ? "" : $"if {row.When} ")}→ {row.To}{(row.Effects.Count > 0 ? $" [{string.Join(' ', row.Effects)}]" : "")}"));
        return $"{state} {trigger} {outcome}";
    }
}
