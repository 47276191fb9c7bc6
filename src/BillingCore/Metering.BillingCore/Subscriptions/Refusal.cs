using Metering.Billing;
using Metering.Billing.Subscriptions;
using Metering.BillingCore.Http;
using Microsoft.AspNetCore.Http;

namespace Metering.BillingCore.Subscriptions;

/// <summary>Why the state machine refuses, for people.</summary>
internal static class Refusal
{
    /// <exception cref="RefusedException">The decision is a refusal: 422 when the request can never be right, 409 when it is not now.</exception>
    public static void ThrowIfRefused(Decision decision, Subscription subscription)
    {
        if (!decision.IsApplied)
        {
            string why = Text(decision.Outcome, subscription);
            throw IsOfTheRequest(decision.Outcome)
                ? new RefusedException(StatusCodes.Status422UnprocessableEntity, why, [new Problem("at", why)])
                : RefusedException.Conflict(why);
        }
    }

    public static string Text(Outcome outcome, Subscription subscription) => outcome switch
    {
        Outcome.Applied => "Done.",
        Outcome.AlreadyCanceled => $"It was canceled at {At(subscription.EndedAt)}; nothing more happens to it.",
        Outcome.AlreadyExpired => $"It expired at {At(subscription.EndedAt)}; nothing more happens to it.",
        Outcome.AlreadyActive => $"It is in force already: {subscription.State.Text()}.",
        Outcome.NotStarted => $"It has not started: {subscription.State.Text()}{(subscription.State == SubscriptionState.Scheduled ? $", starts {At(subscription.Start)}" : ", activate it first")}.",
        Outcome.AwaitingPayment => "It waits for its first payment.",
        Outcome.NotTrialing => $"It is not in a trial: {subscription.State.Text()}.",
        Outcome.StillTrialing => "It is in a trial, which costs nothing: extend it instead.",
        Outcome.IsPaused => "It is paused: resume it first.",
        Outcome.NotPaused => $"It is not paused: {subscription.State.Text()}.",
        Outcome.CancelPending => $"It will be canceled at {At(subscription.CancelAt)}: undo that first.",
        Outcome.NothingPending => "Nothing is pending.",
        Outcome.AnotherFollows => $"Subscription {subscription.FollowedBy} takes over when it ends, and counts on that.",
        Outcome.PauseEndsTwice => "A pause has an end or a length, not both.",
        Outcome.NotAWholeMinute => "Instants that separate usage are whole UTC minutes.",
        Outcome.BeforeHistory => $"Something is recorded at {At(subscription.LastAt)} already, and nothing reaches behind it.",
        Outcome.NotLater => "What is to come must be later than what it is recorded at.",
        Outcome.AfterTheEnd => $"It ends at {At(subscription.End)}, before that.",
    };

    private static bool IsOfTheRequest(Outcome outcome) =>
        outcome is Outcome.PauseEndsTwice or Outcome.NotAWholeMinute or Outcome.BeforeHistory or Outcome.NotLater or Outcome.AfterTheEnd;

    private static string At(DateTimeOffset? at) => at is { } instant ? instant.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm'Z'", System.Globalization.CultureInfo.InvariantCulture) : "some time";
}
