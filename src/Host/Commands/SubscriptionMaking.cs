using System.CommandLine;
using System.Text.Json;
using Metering.Host.Client;
using Metering.Host.Settings;

namespace Metering.Host.Commands;

/// <summary>New subscriptions, and other terms for those there are.</summary>
internal static class SubscriptionMaking
{
    public static Command Create()
    {
        Argument<string> customer = new("CUSTOMER") { Description = "Its key" };
        Argument<string> book = new("PRICE-BOOK") { Description = "Its key" };
        Argument<string> plan = new("PLAN") { Description = "Its key in the book" };
        Option<int?> version = new("--version") { Description = "Version of the book (default: the newest that is effective at the start)", HelpName = "N" };
        Option<string[]> quantities = Quantities();
        Option<string?> start = new("--start") { Description = "A minute in UTC, also in the past (default: now)", HelpName = "MINUTE" };
        Option<string?> end = new("--end") { Description = "When it ends by itself", HelpName = "MINUTE" };
        Option<string?> anchor = new("--anchor") { Description = "anniversary (default), instant, calendar, or a day: 'day 31'", HelpName = "ANCHOR" };
        Option<string?> reference = new("--reference") { Description = "Your own name for it, used once for ever", HelpName = "TEXT" };
        Option<bool> draft = new("--draft") { Description = "Do not agree on it yet" };
        Option<bool> skipTrial = new("--skip-trial") { Description = "Begin with the first phase that is no trial" };
        Option<bool> firstPayment = new("--first-payment") { Description = "Service begins when the first invoice is paid" };
        return ClientCommand.Create("create", """
            Subscribe a customer to a plan.

            Examples:
              metering subscriptions create acme standard pro
              metering subscriptions create acme standard pro --quantity seats=5 --start 2026-01-01T00:00:00Z --reference crm-17
            """, [customer, book, plan, version, quantities, start, end, anchor, reference, draft, skipTrial, firstPayment], (client, parsed, token) =>
            SubscriptionOperating.SendAsync(client, new Url("v1", "subscriptions"), json =>
            {
                json.WriteString("customer", parsed.GetValue(customer));
                json.WriteString("price_book", parsed.GetValue(book));
                json.WriteString("plan", parsed.GetValue(plan));
                WriteNumber(json, "version", parsed.GetValue(version));
                WriteQuantities(json, parsed.GetValue(quantities) ?? []);
                json.WriteString("start", parsed.GetValue(start));
                json.WriteString("end", parsed.GetValue(end));
                json.WriteString("anchor", parsed.GetValue(anchor));
                json.WriteString("reference", parsed.GetValue(reference));
                json.WriteBoolean("activate", !parsed.GetValue(draft));
                json.WriteBoolean("skip_trial", parsed.GetValue(skipTrial));
                json.WriteBoolean("first_payment", parsed.GetValue(firstPayment));
            }, token));
    }

    public static Command Change()
    {
        Argument<string> id = SubscriptionOperating.Id();
        Option<string?> plan = new("--plan") { Description = "Another plan; it begins with its first phase that is no trial", HelpName = "KEY" };
        Option<string?> book = new("--price-book") { Description = "Another price book", HelpName = "KEY" };
        Option<int?> version = new("--version") { Description = "Another version of the book", HelpName = "N" };
        Option<string[]> quantities = Quantities();
        Option<string?> at = SubscriptionOperating.At("now (default), period_end, or a minute in UTC");
        return ClientCommand.Create("change", """
            Give a subscription another plan, version or number of seats. What is not given stays.

            Examples:
              metering subscriptions change sub_01J… --quantity seats=12
              metering subscriptions change sub_01J… --plan basic --at period_end
            """, [id, plan, book, version, quantities, at], (client, parsed, token) =>
            SubscriptionOperating.SendAsync(client, SubscriptionOperating.Operation(parsed.GetValue(id)!, "change"), json =>
            {
                json.WriteString("plan", parsed.GetValue(plan));
                json.WriteString("price_book", parsed.GetValue(book));
                WriteNumber(json, "version", parsed.GetValue(version));
                WriteQuantities(json, parsed.GetValue(quantities) ?? []);
                json.WriteString("at", parsed.GetValue(at));
            }, token));
    }

    private static Option<string[]> Quantities() => new("--quantity") { Description = "Seats of a component", HelpName = "COMPONENT=N", AllowMultipleArgumentsPerToken = true };

    private static void WriteNumber(Utf8JsonWriter json, string name, int? value)
    {
        if (value is { } number)
        {
            json.WriteNumber(name, number);
        }
    }

    private static void WriteQuantities(Utf8JsonWriter json, string[] quantities)
    {
        json.WriteStartObject("quantities");
        foreach (string quantity in quantities)
        {
            int equals = quantity.IndexOf('=', StringComparison.Ordinal);
            if (equals <= 0)
            {
                throw new SettingsException($"--quantity {quantity}: expected COMPONENT=N, such as seats=5.");
            }

            json.WriteString(quantity[..equals], quantity[(equals + 1)..]);
        }

        json.WriteEndObject();
    }
}
