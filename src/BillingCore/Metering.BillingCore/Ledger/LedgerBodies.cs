using System.Text.Json;
using Metering.Billing;
using Metering.Billing.Ledger;
using Metering.Billing.Postgres.Ledger;

namespace Metering.BillingCore.Ledger;

/// <summary>The ledger, on the wire. Amounts are strings with all decimals of their currency.</summary>
internal static class LedgerBodies
{
    public static void Write(Utf8JsonWriter json, LedgerTransaction transaction)
    {
        json.WriteStartObject();
        WriteFields(json, transaction);
        json.WriteEndObject();
    }

    public static void WriteFields(Utf8JsonWriter json, LedgerTransaction transaction)
    {
        json.WriteString("key", transaction.Key);
        json.WriteString("effective_on", LedgerText.Of(transaction.Booking.EffectiveOn));
        json.WriteString("booked_at", LedgerText.Of(transaction.Booking.BookedAt));
        json.WriteString("reason", transaction.Reason);
        json.WriteStartArray("reverses");
        foreach (string key in transaction.Reverses)
        {
            json.WriteStringValue(key);
        }

        json.WriteEndArray();
        json.WriteStartArray("entries");
        foreach (Entry entry in transaction.Entries)
        {
            json.WriteStartObject();
            WriteFields(json, entry);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    public static void WriteFields(Utf8JsonWriter json, Entry entry)
    {
        json.WriteString("account", entry.Account.ToString());
        json.WriteString("direction", LedgerText.Of(entry.Direction));
        Write(json, "amount", entry.Amount);
        json.WriteString("currency", entry.Amount.Currency.Code);
    }

    public static void Write(Utf8JsonWriter json, AccountBalance balance)
    {
        json.WriteStartObject();
        json.WriteString("account", balance.Account.ToString());
        json.WriteString("kind", balance.Account.Kind.ToString());
        if (balance.Account.Customer.Length > 0)
        {
            json.WriteString("customer", balance.Account.Customer);
        }

        if (balance.Account.Grant.Length > 0)
        {
            json.WriteString("grant", balance.Account.Grant);
        }

        json.WriteString("normal_side", LedgerText.Of(balance.Account.NormalSide));
        Write(json, "balance", balance.Balance);
        json.WriteString("currency", balance.Balance.Currency.Code);
        json.WriteEndObject();
    }

    public static void Write(Utf8JsonWriter json, StatementEntry entry)
    {
        json.WriteStartObject();
        json.WriteString("key", entry.Key);
        json.WriteString("effective_on", LedgerText.Of(entry.Place.Day));
        json.WriteString("booked_at", LedgerText.Of(entry.BookedAt));
        WriteFields(json, entry.Entry);
        Write(json, "balance", entry.Balance);
        json.WriteEndObject();
    }

    public static void Write(Utf8JsonWriter json, ClosedMonth month)
    {
        json.WriteStartObject();
        json.WriteString("month", LedgerText.OfMonth(month.Month));
        json.WriteString("closed_at", LedgerText.Of(month.ClosedAt));
        json.WriteString("closed_by", month.ClosedBy);
        json.WriteEndObject();
    }

    public static void Write(Utf8JsonWriter json, string name, Money amount) => json.WriteString(name, amount.ToString());
}
