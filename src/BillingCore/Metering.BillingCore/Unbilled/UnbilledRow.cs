using System.Text.Json;
using Metering.Billing;
using Metering.Billing.Catalog;
using Metering.Billing.Unbilled;
using Metering.BillingCore.Http;

namespace Metering.BillingCore.Unbilled;

/// <summary>What unbilled usage of a subject is told apart by.</summary>
/// <param name="Customer">Null when the subject was nobody's.</param>
/// <param name="Subscription">Null when there is none to name.</param>
internal readonly record struct UnbilledKey(UnbilledReason Reason, string? Customer, string? Subscription) : IComparable<UnbilledKey>
{
    public int CompareTo(UnbilledKey other) => Reason != other.Reason ? Reason.CompareTo(other.Reason)
        : string.CompareOrdinal(Customer, other.Customer) is not 0 and var customers ? customers
        : string.CompareOrdinal(Subscription, other.Subscription);
}

/// <summary>Usage of one subject that nobody is billed for, for one reason.</summary>
/// <param name="Quantity">By the meter's aggregation, over these events.</param>
/// <param name="First">The minute of the first event; <paramref name="Last"/> that of the last.</param>
internal sealed record UnbilledRow(
    string Meter, string Subject, UnbilledKey Key, CellKey Cell, Fraction Quantity, long Events, DateTimeOffset First, DateTimeOffset Last)
{
    public void Write(Utf8JsonWriter json, bool byCell)
    {
        json.WriteStartObject();
        json.WriteString("meter", Meter);
        json.WriteString("subject", Subject);
        json.WriteString("reason", Key.Reason.Name());
        json.WriteString("customer", Key.Customer);
        json.WriteString("subscription", Key.Subscription);
        if (byCell)
        {
            json.WriteStartObject("cell");
            foreach ((string dimension, string value) in Cell.Values)
            {
                json.WriteString(dimension, value);
            }

            json.WriteEndObject();
        }

        json.WriteString("quantity", Quantity.ToString());
        json.WriteNumber("events", Events);
        json.WriteInstant("first_minute", First);
        json.WriteInstant("last_minute", Last);
        json.WriteEndObject();
    }
}
