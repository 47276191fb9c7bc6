using System.Globalization;
using System.Text.Json;
using Metering.Billing.Calculator;

namespace Metering.Billing.Ledger;

/// <summary>What everything that people post has.</summary>
/// <param name="Reference">Unique for ever within the tenant: the key is <c>manual:{reference}</c>.</param>
/// <param name="EffectiveOn">The accounting day; null for today, or the first open day after it.</param>
public sealed record ManualTerms(string Reference, DateOnly? EffectiveOn, string Reason, string Approver)
{
    public const int MaxTextLength = 500;

    private const string DayForm = "yyyy-MM-dd";

    internal static ManualTerms Read(JsonFields fields) => new(Text(fields, "reference"), Day(fields, "effective_on"), Text(fields, "reason"), Text(fields, "approver"));

    private static string Text(JsonFields fields, string name)
    {
        string text = fields.RequiredText(name);
        if (string.IsNullOrWhiteSpace(text) ? fields.Has(name) : text.Length > MaxTextLength || text.Contains('\0', StringComparison.Ordinal))
        {
            fields.Refuse(name, $"must be 1 to {MaxTextLength} characters without NUL");
        }

        return text;
    }

    private static DateOnly? Day(JsonFields fields, string name)
    {
        if (fields.Text(name) is not { } text)
        {
            return null;
        }

        if (!DateOnly.TryParseExact(text, DayForm, CultureInfo.InvariantCulture, DateTimeStyles.None, out DateOnly day))
        {
            fields.Refuse(name, "must be a date such as 2026-01-31");
        }

        return day;
    }
}

/// <summary>A manual posting as people write it: the body of <c>POST /v1/ledger/transactions</c>.</summary>
public sealed record ManualPosting(ManualTerms Terms, IReadOnlyList<Entry> Entries)
{
    public const int MaxEntries = 1000;

    /// <returns>What can be posted when there are no problems; otherwise of no use.</returns>
    public static ManualPosting Read(JsonElement body, List<Problem> problems)
    {
        JsonFields fields = new(body, "", problems);
        ManualTerms terms = ManualTerms.Read(fields);
        List<JsonFields>? entries = fields.Objects("entries");
        if (entries is not { Count: > 1 and <= MaxEntries })
        {
            fields.Refuse("entries", $"must be 2 to {MaxEntries} entries");
        }

        fields.Close();
        return new ManualPosting(terms, entries?.ConvertAll(EntryOf) ?? []);
    }

    private static Entry EntryOf(JsonFields fields)
    {
        if (!Account.TryParse(fields.RequiredText("account"), out Account account))
        {
            fields.Refuse("account", "must be an account such as Bank, Receivable:customer or Prepaid:customer:grant");
        }

        Direction direction = fields.Choice("direction", Direction.Debit, ("debit", Direction.Debit), ("credit", Direction.Credit));
        if (!fields.Has("direction"))
        {
            fields.Refuse("direction", "is required");
        }

        Currency? currency = Currency.Find(fields.RequiredText("currency"));
        Fraction amount = fields.RequiredNumber("amount");
        Money money = currency is null ? new Money(1, Currency.Of("USD")) : Amount(fields, amount, currency);
        if (currency is null)
        {
            fields.Refuse("currency", "must be a currency of ISO 4217");
        }

        fields.Close();
        return new Entry(account, direction, money);
    }

    private static Money Amount(JsonFields fields, Fraction amount, Currency currency)
    {
        if (amount.Sign <= 0 || amount > Fraction.OfUnits(long.MaxValue, currency.Exponent))
        {
            fields.Refuse("amount", "must be above zero, and no more than an amount can hold");
            return new Money(1, currency);
        }

        Money money = Money.Round(amount, currency);
        if (money.Exact != amount)
        {
            fields.Refuse("amount", $"must have at most {currency.Exponent} decimals in {currency}");
        }

        return money;
    }
}

/// <summary>A manual reversal as people write it: the body of <c>POST /v1/ledger/transactions/{transaction}/reverse</c>.</summary>
public static class ManualReversal
{
    /// <inheritdoc cref="ManualPosting.Read"/>
    public static ManualTerms Read(JsonElement body, List<Problem> problems)
    {
        JsonFields fields = new(body, "", problems);
        ManualTerms terms = ManualTerms.Read(fields);
        fields.Close();
        return terms;
    }
}
