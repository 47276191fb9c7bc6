using System.Text.Json;

namespace Metering.BillingCore.Invoices;

/// <summary>Where the events of an invoice line are listed.</summary>
internal static class UsageEventsLink
{
    /// <param name="line">As the invoice's body has it.</param>
    /// <returns>Null for a line that counts no events.</returns>
    public static string? Of(string? subscription, JsonElement line)
    {
        if (subscription is null || line.GetProperty("kind").GetString() is not ("usage" or "component"))
        {
            return null;
        }

        string Escaped(string name) => Uri.EscapeDataString(line.GetProperty(name).GetString()!);
        return $"/v1/usage-events?subscription={Uri.EscapeDataString(subscription)}&component={Escaped("component")}&from={Escaped("from")}&to={Escaped("to")}";
    }
}
