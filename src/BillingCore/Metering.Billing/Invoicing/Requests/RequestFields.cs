using Metering.Billing.Calculator;

namespace Metering.Billing.Invoicing.Requests;

/// <summary>Fields that requests about money have.</summary>
internal static class RequestFields
{
    private const int MaxReferenceLength = 200;
    private const int MaxReasonLength = 1000;

    /// <summary>Above zero, with no more decimals than the currency has; null when absent.</summary>
    public static Money? Amount(this JsonFields fields, string name, Currency currency)
    {
        if (fields.Number(name) is not { } number)
        {
            return null;
        }

        if (number.Sign <= 0)
        {
            fields.Refuse(name, "must be above zero");
        }
        else if (number > new Money(long.MaxValue / 1000, currency).Exact)
        {
            fields.Refuse(name, "is too large");
        }
        else if (Money.Round(number, currency) is var amount && amount.Exact == number)
        {
            return amount;
        }
        else
        {
            fields.Refuse(name, $"has more decimals than {currency} has ({currency.Exponent})");
        }

        return new Money(1, currency);
    }

    /// <inheritdoc cref="Amount"/>
    public static Money RequiredAmount(this JsonFields fields, string name, Currency currency)
    {
        if (!fields.Has(name))
        {
            fields.Refuse(name, "is required");
        }

        return fields.Amount(name, currency) ?? new Money(1, currency);
    }

    public static Currency RequiredCurrency(this JsonFields fields, string name)
    {
        string code = fields.RequiredText(name);
        if (Currency.Find(code) is { } currency)
        {
            return currency;
        }

        if (code.Length > 0)
        {
            fields.Refuse(name, "is no currency of ISO 4217");
        }

        return Currency.Of("USD");
    }

    /// <summary>The caller's own name for what he asks for; null when absent.</summary>
    public static string? Reference(this JsonFields fields, string name) => Limited(fields, name, MaxReferenceLength);

    public static string RequiredReference(this JsonFields fields, string name) => Required(fields, name, MaxReferenceLength);

    public static string RequiredReason(this JsonFields fields, string name) => Required(fields, name, MaxReasonLength);

    private static string Required(JsonFields fields, string name, int length)
    {
        if (!fields.Has(name))
        {
            fields.Refuse(name, "is required");
        }

        return Limited(fields, name, length) ?? "";
    }

    private static string? Limited(JsonFields fields, string name, int length)
    {
        string? text = fields.Text(name);
        if (text is not null && (string.IsNullOrWhiteSpace(text) || text.Length > length || text.Contains('\0', StringComparison.Ordinal)))
        {
            fields.Refuse(name, $"must be 1 to {length} characters without NUL");
        }

        return text;
    }
}
