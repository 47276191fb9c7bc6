using System.CommandLine;

namespace Metering.Host.Commands;

/// <summary><c>metering subscriptions</c>: who has which plan, and everything that can be done to it.</summary>
internal static class SubscriptionsCommand
{
    public static Command Create() => new("subscriptions", """
        List, make, show, change, pause, cancel and migrate subscriptions.

        Examples:
          metering subscriptions create acme standard pro --quantity seats=5
          metering subscriptions list --customer acme
          metering subscriptions change sub_01J… --plan basic --at period_end
          metering subscriptions migrate standard --to 3 --dry-run
        """)
    {
        SubscriptionReading.List(),
        SubscriptionReading.Show(),
        SubscriptionMaking.Create(),
        SubscriptionMaking.Change(),
        SubscriptionOperating.Plain("activate", "Agree on a draft: from its start on it is in force."),
        SubscriptionOperating.ExtendTrial(),
        SubscriptionOperating.ConvertTrial(),
        SubscriptionOperating.Pause(),
        SubscriptionOperating.Resume(),
        SubscriptionOperating.Cancel(),
        SubscriptionOperating.Plain("undo", "Take back what is pending: the cancellation if there is one, otherwise the change."),
        SubscriptionOperating.Follow(),
        SubscriptionDiscounts.Give(),
        SubscriptionDiscounts.List(),
        SubscriptionMigrating.Migrate(),
    };
}
