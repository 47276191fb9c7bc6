using System.Text.Json;
using Metering.Billing.Calculator;
using Metering.Billing.Catalog.Documents;

namespace Metering.Billing.Tax;

/// <summary>A tax as an invoice shows it.</summary>
/// <param name="Percent">19 is 19 %.</param>
/// <param name="IsInclusive">Whether prices contain it already.</param>
public sealed record TaxRate(string Code, Fraction Percent, bool IsInclusive)
{
    /// <summary>The tax in (inclusive) or on (exclusive) one unit of a net amount.</summary>
    public Fraction Factor => IsInclusive ? Percent.Percent() / (Fraction.One + Percent.Percent()) : Percent.Percent();
}

public enum TaxStatus
{
    Taxable,

    /// <summary>The customer pays no tax. An inclusive price stays what it is.</summary>
    Exempt,

    /// <summary>The customer owes the tax to its own authority; as <see cref="Exempt"/>, and the invoice says so.</summary>
    ReverseCharge,
}

/// <summary>A rate for the lines of a product category from an instant on.</summary>
public sealed record TaxRule(string Category, TaxRate Rate, DateTimeOffset ValidFrom)
{
    /// <param name="code">Key of the rate in the catalogue.</param>
    /// <param name="body">As the catalogue has it.</param>
    public static TaxRule Read(string code, JsonElement body)
    {
        JsonFields fields = new(body, "", []);
        return new TaxRule(fields.Name("category") ?? "", new TaxRate(code, fields.RequiredNumber("percent"), fields.Flag("inclusive") ?? false), fields.RequiredMinute("valid_from"));
    }
}

/// <summary>The tenant's rates and the customer's status.</summary>
/// <param name="At">The tax point: the rule that holds then decides.</param>
public sealed record TaxTerms(TaxStatus Status, DateTimeOffset At, IReadOnlyList<TaxRule> Rules)
{
    /// <summary>Null when a line of this category bears no tax.</summary>
    public TaxRate? RateOf(string category) => Status == TaxStatus.Taxable
        ? Rules.Where(rule => rule.Category == category && rule.ValidFrom <= At).MaxBy(rule => rule.ValidFrom)?.Rate
        : null;
}
