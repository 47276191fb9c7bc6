using System.Text.Json;
using Metering.Billing.Calculator;
using Metering.Billing.Catalog;
using Metering.Billing.Catalog.Documents;

namespace Metering.Billing.Simulation;

/// <summary>Another price of one component for one customer.</summary>
/// <param name="Customer">Whose.</param>
/// <param name="Component">Key.</param>
public sealed record PriceOverride(string Customer, string Component, DateTimeOffset ValidFrom, DateTimeOffset? ValidUntil, Component Price)
{
    /// <summary>Reads the stored body of an override, which was checked when it was written.</summary>
    public static PriceOverride Read(JsonElement body)
    {
        List<Problem> problems = [];
        JsonFields fields = new(body, "", problems);
        PriceOverride read = new(
            fields.RequiredText("customer"), fields.RequiredText("component"), fields.RequiredMinute("valid_from"), fields.Minute("valid_until"),
            ComponentReader.Read(fields.Object("price")!));
        return problems.Count == 0 ? read : throw new InvalidDataException($"An override cannot be read: {problems[0]}");
    }

    /// <summary>The component with this price. What feeds it and how it is taxed stays the plan's.</summary>
    public Component Over(Component component) => Price with { Key = component.Key, Source = component.Source, TaxCategory = component.TaxCategory };

    public bool IsValidAt(DateTimeOffset instant) => ValidFrom <= instant && !(ValidUntil <= instant);
}
