using System.Text.Json;
using Metering.Billing.Calculator;
using Metering.Billing.Rating;

namespace Metering.Billing.Simulation;

/// <summary>The parts of a simulation's answer.</summary>
public static class SimulationJson
{
    public static void Write(Utf8JsonWriter json, string name, PlanPrices prices)
    {
        json.WriteStartObject(name);
        json.WriteNumber("version", prices.Version);
        json.WriteString("state", prices.State);
        json.WriteEndObject();
    }

    public static void Write(Utf8JsonWriter json, SimulationTotals totals)
    {
        json.WriteStartObject("totals");
        json.WriteNumber("customers", totals.Customers);
        json.WriteNumber("refused", totals.Refused);
        WriteAmounts(json, totals.Old, totals.New);
        json.WriteStartArray("components");
        foreach ((string component, Money old, Money @new) in totals.Components)
        {
            json.WriteStartObject();
            json.WriteString("component", component);
            WriteAmounts(json, old, @new);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    public static void Write(Utf8JsonWriter json, CustomerComparison customer, bool explain)
    {
        json.WriteStartObject();
        json.WriteString("customer", customer.Customer);
        if (customer.Problem is { } problem)
        {
            json.WriteString("problem", problem);
        }
        else
        {
            WritePrices(json, customer, explain);
        }

        json.WriteEndObject();
    }

    private static void WritePrices(Utf8JsonWriter json, CustomerComparison customer, bool explain)
    {
        WriteAmounts(json, customer.Old.Amount, customer.New.Amount);
        json.WriteStartArray("components");
        foreach (string key in customer.Components)
        {
            json.WriteStartObject();
            json.WriteString("component", key);
            (SimulatedComponent? old, SimulatedComponent? @new) = (customer.Old.Find(key), customer.New.Find(key));
            Money zero = Money.Zero(customer.Old.Amount.Currency);
            WriteSide(json, "old", old, explain);
            WriteSide(json, "new", @new, explain);
            json.WriteString("difference", ((@new?.Amount ?? zero) - (old?.Amount ?? zero)).ToString());
            json.WriteEndObject();
        }

        json.WriteEndArray();
        WriteTrueUps(json, customer);
    }

    /// <summary>Null when the version has no such component.</summary>
    private static void WriteSide(Utf8JsonWriter json, string name, SimulatedComponent? side, bool explain)
    {
        if (side is null)
        {
            json.WriteNull(name);
            return;
        }

        json.WriteStartObject(name);
        json.WriteString("amount", side.Amount.ToString());
        json.WriteString("billable_quantity", side.Quantity.ToString());
        if (side.HasNoUsage)
        {
            json.WriteBoolean("no_usage", true);
        }

        if (explain)
        {
            RateAnswer.WriteLines(json, side.Lines);
        }

        if (side.Explanation is { } explanation)
        {
            ExplanationJson.Write(json, explanation);
        }

        json.WriteEndObject();
    }

    private static void WriteTrueUps(Utf8JsonWriter json, CustomerComparison customer)
    {
        json.WriteStartObject("true_ups");
        foreach ((string name, SimulatedBill side) in new[] { ("old", customer.Old), ("new", customer.New) })
        {
            CanonicalJson.WriteList(json, name, side.TrueUps, one =>
            {
                json.WriteString("commitment", one.Commitment);
                json.WriteString("amount", one.Amount.ToString());
            });
        }

        json.WriteEndObject();
    }

    private static void WriteAmounts(Utf8JsonWriter json, Money old, Money @new)
    {
        json.WriteString("old", old.ToString());
        json.WriteString("new", @new.ToString());
        json.WriteString("difference", (@new - old).ToString());
    }
}
