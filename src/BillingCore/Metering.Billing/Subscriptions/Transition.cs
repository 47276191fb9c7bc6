namespace Metering.Billing.Subscriptions;

/// <summary>One row of the table: in this state, on this trigger, when the condition holds.</summary>
public sealed record Transition(SubscriptionState From, Trigger On, Condition When, SubscriptionState To, IReadOnlyList<Effect> Effects);
