using Metering.Billing.Catalog;
using Metering.Billing.Rating;

namespace Metering.Billing.Calculator;

/// <summary>One case of <c>rate</c> as it was sent.</summary>
internal sealed record RateCase(Component Component, Usage Usage, AlreadyRated Already, RatingTerms Terms)
{
    private static readonly Currency s_standIn = Currency.Of("USD");

    public static RateCase Read(JsonFields fields)
    {
        RatingTerms terms = ReadTerms(fields);
        Component component = ReadComponent(fields);
        Usage usage = UsageReader.Read(fields, mayBeAbsent: component.Price is FlatPrice);
        AlreadyRated already = ReadAlready(fields);
        fields.Close();
        return new RateCase(component, usage, already, terms);
    }

    /// <summary>What is wrong with a case whose fields could all be read.</summary>
    public List<Problem> Check()
    {
        List<Problem> problems = ComponentRules.Check(Component, "component");
        if (problems.Count > 0)
        {
            return problems;
        }

        problems.AddRange(UsageRules.Check(Component, Usage, Terms.Currency, ""));
        if (Already.Quantity is not { } quantity)
        {
            return problems;
        }

        bool isOfEvents = Component.Price is PercentagePrice;
        if (Component.Price is MatrixPrice || (isOfEvents && Already.Amount is null))
        {
            problems.Add(new Problem("already.quantity", "does not say which events or cells it was: give already.amount"));
        }
        else if (!isOfEvents)
        {
            problems.AddRange(UsageRules.Check(Component, Usage.Of(quantity), Terms.Currency, "already"));
        }

        return problems;
    }

    private static RatingTerms ReadTerms(JsonFields fields)
    {
        string code = fields.RequiredText("currency");
        Currency? currency = Currency.Find(code);
        if (currency is null && code.Length > 0)
        {
            fields.Refuse("currency", "is not a currency of ISO 4217");
        }

        RoundingMode rounding = fields.Choice("rounding", RoundingMode.HalfAwayFromZero, [.. Enum.GetValues<RoundingMode>().Select(mode => (mode.Name(), mode))]);
        Fraction share = fields.Share("share") ?? Fraction.One;
        if (share.Sign < 0)
        {
            fields.Refuse("share", "must not be negative");
        }

        return new RatingTerms(currency ?? s_standIn, rounding, Fraction.Min(share, Fraction.One), fields.Flag("closing") ?? true);
    }

    private static Component ReadComponent(JsonFields fields)
    {
        if (fields.Object("component") is { } component)
        {
            return ComponentReader.Read(component);
        }

        fields.Refuse("component", "is required");
        return new Component { Price = new FlatPrice(Fraction.Zero) };
    }

    private static AlreadyRated ReadAlready(JsonFields fields)
    {
        if (fields.Object("already") is not { } already)
        {
            return default;
        }

        AlreadyRated rated = new(already.Number("quantity"), already.Number("amount"));
        already.Close();
        return rated;
    }
}
