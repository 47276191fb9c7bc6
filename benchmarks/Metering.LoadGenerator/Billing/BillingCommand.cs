using System.CommandLine;

namespace Metering.LoadGenerator.Billing;

/// <summary><c>metering-load billing</c>.</summary>
internal static class BillingCommand
{
    public static Command Create()
    {
        Option<string> url = new("--url") { Description = "HTTP address of a server of its own, with Billing:RunEvery of a day, so that nothing is billed meanwhile", Required = true };
        Option<string> clickHouse = new("--clickhouse") { Description = "Its ClickHouse", Required = true };
        Option<string> postgres = new("--postgres") { Description = "Connection string to its PostgreSQL, as the owner", Required = true };
        Option<int> subscriptions = new("--subscriptions") { Description = "How many are billed", DefaultValueFactory = _ => 1000 };
        Option<int> late = new("--late") { Description = "Late events, over all of them", DefaultValueFactory = _ => 0 };
        Option<int?> process = new("--pid") { Description = "The server's process, to tell its memory and its processor time" };
        Command command = new("billing", "Measures a billing run over subscriptions with a fee and three usage components, previews, and a correction run over late events.") { url, clickHouse, postgres, subscriptions, late, process };
        command.SetAction(async (parsed, cancellation) =>
        {
            using BillingLoad load = new(new Uri(parsed.GetValue(url)!), new Uri(parsed.GetValue(clickHouse)!), parsed.GetValue(postgres)!, parsed.GetValue(process));
            await load.RunAsync(parsed.GetValue(subscriptions), parsed.GetValue(late), cancellation);
        });
        return command;
    }
}
