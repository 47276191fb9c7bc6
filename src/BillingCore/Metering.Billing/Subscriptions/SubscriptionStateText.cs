namespace Metering.Billing.Subscriptions;

/// <summary>States as they are stored and on the wire: <c>past_due</c>.</summary>
public static class SubscriptionStateText
{
    private static readonly IReadOnlyDictionary<string, SubscriptionState> s_states = Enum.GetValues<SubscriptionState>().ToDictionary(Text, StringComparer.Ordinal);

    /// <summary>All of them, in the order of a life.</summary>
    public static IEnumerable<string> All => s_states.Keys;

    public static string Text(this SubscriptionState state) => state switch
    {
        SubscriptionState.PastDue => "past_due",
        _ => state.ToString().ToLowerInvariant(),
    };

    /// <exception cref="InvalidDataException">No such state.</exception>
    public static SubscriptionState Parse(string text) => s_states.TryGetValue(text, out SubscriptionState state) ? state : throw new InvalidDataException($"There is no state '{text}'.");
}
