using System.Text.Json;
using Metering.Billing.Postgres.Customers;
using Metering.BillingCore.Http;

namespace Metering.BillingCore.Customers;

/// <summary>Customers and subjects on the wire.</summary>
internal static class CustomerBodies
{
    public static void Write(Utf8JsonWriter json, Customer customer)
    {
        json.WriteStartObject();
        json.WriteString("key", customer.Key);
        json.WriteString("name", customer.Name);
        if (customer.Currency is { } currency)
        {
            json.WriteString("currency", currency.Code);
        }

        json.WriteString("zone", customer.Zone);
        json.WriteNumber("payment_term_days", customer.PaymentTermDays);
        json.WriteNumber("grace_days", customer.GraceDays);
        json.WriteString("tax_status", CustomerStore.TextOf(customer.TaxStatus));
        json.WriteBoolean("applies_credit", customer.AppliesCredit);
        json.WriteStored("metadata", customer.Metadata);
        json.WriteInstant("created_at", customer.CreatedAt);
        json.WriteInstant("updated_at", customer.UpdatedAt);
        json.WriteInstant("archived_at", customer.ArchivedAt);
        json.WriteEndObject();
    }

    public static void Write(Utf8JsonWriter json, SubjectMapping mapping)
    {
        json.WriteStartObject();
        json.WriteString("subject", mapping.Subject);
        json.WriteString("customer", mapping.Customer);
        json.WriteInstant("from", mapping.ValidFrom);
        json.WriteInstant("until", mapping.ValidUntil);
        json.WriteNumber("sequence", mapping.Sequence);
        json.WriteEndObject();
    }
}
