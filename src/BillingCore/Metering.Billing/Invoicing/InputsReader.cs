using System.Globalization;
using System.Text.Json;
using Metering.Billing.Calculator;
using Metering.Billing.Catalog;
using Metering.Billing.Credits;
using Metering.Billing.Periods;
using Metering.Billing.Proration;
using Metering.Billing.Rating;
using Metering.Billing.Tax;

namespace Metering.Billing.Invoicing;

/// <summary>Reads what <see cref="InputsJson"/> wrote: the same inputs, which give the same bytes again.</summary>
internal static class InputsReader
{
    /// <exception cref="FormatException">Not such inputs.</exception>
    public static InvoiceInputs Read(JsonElement json)
    {
        try
        {
            return ReadInputs(json);
        }
        catch (Exception mistake) when (mistake is KeyNotFoundException or InvalidOperationException or ArgumentException or OverflowException)
        {
            throw new FormatException($"The inputs cannot be read: {mistake.Message}", mistake);
        }
    }

    private static InvoiceInputs ReadInputs(JsonElement json)
    {
        Currency currency = Currency.Of(Text(json, "currency"));
        return new InvoiceInputs
        {
            Subscription = Text(json, "subscription"),
            HistorySequence = json.GetProperty("history_sequence").GetInt64(),
            MappingSequence = json.TryGetProperty("mapping_sequence", out JsonElement mapping) ? mapping.GetInt64() : null,
            BilledTo = OptionalInstant(json, "billed_to"),
            Seal = json.GetProperty("seal").GetInt64(),
            ApprovedHistorySeal = json.GetProperty("approved_history_seal").GetInt64(),
            Tzdb = Text(json, "tzdb"),
            Currency = currency,
            Rounding = Named(Enum.GetValues<RoundingMode>(), RoundingModes.Name, Text(json, "rounding")),
            Charges = List(json, "charges", charge => ReadCharge(charge, currency)),
            Commitments = List(json, "commitments", commitment => ReadCommitment(commitment, currency)),
            Discounts = List(json, "period_discounts", period => ReadDiscounts(period, currency)),
            PromotionalGrants = List(json, "promotional_grants", grant => ReadGrant(grant, currency)),
            Tax = new TaxTerms(Named(Enum.GetValues<TaxStatus>(), InputsJson.Name, Text(json, "tax_status")), Instant(json.GetProperty("tax_point")), List(json, "tax_rules", ReadRule)),
        };
    }

    public static Charge ReadCharge(JsonElement json, Currency currency)
    {
        Charge charge = Text(json, "kind") switch
        {
            "usage" => ReadUsageCharge(json),
            "amount" => new AmountCharge
            {
                Key = "",
                Period = default,
                Service = default,
                Recognition = default,
                Amount = Amount(json, "amount", currency),
                Corrects = OptionalText(json, "corrects"),
                Arithmetic = OptionalText(json, "arithmetic"),
                Unit = json.TryGetProperty("unit", out _) ? ProrationUnit.Second : ProrationUnit.Day,
            },
            "grant_purchase" => new GrantPurchase { Key = "", Period = default, Service = default, Recognition = default, Amount = Amount(json, "amount", currency), Grant = Text(json, "grant") },
            string other => throw new FormatException($"There is no charge of kind '{other}'."),
        };
        return charge with
        {
            Key = Text(json, "key"),
            Component = Text(json, "component"),
            TaxCategory = Text(json, "tax_category"),
            Period = Range(json, "period"),
            Service = Range(json, "service"),
            Recognition = Named(Enum.GetValues<LineRecognition>(), InputsJson.Name, Text(json, "recognition")),
            PricedBy = Text(json, "priced_by"),
            OriginalTax = json.TryGetProperty("original_tax", out JsonElement tax) ? new OriginalTax(tax.TryGetProperty("code", out _) ? ReadRate(tax) : null) : null,
        };
    }

    private static UsageCharge ReadUsageCharge(JsonElement json) => new()
    {
        Key = "",
        Period = default,
        Service = default,
        Recognition = default,
        Price = ReadPrice(json.GetProperty("price")),
        Usage = ReadUsage(json),
        Already = new AlreadyRated(OptionalNumber(json, "already_quantity"), OptionalNumber(json, "already_amount")),
        Share = Number(json, "share"),
        IsClosing = json.GetProperty("closing").GetBoolean(),
    };

    private static Component ReadPrice(JsonElement json)
    {
        List<Problem> problems = [];
        Component price = ComponentReader.Read(new JsonFields(json, "price", problems));
        return problems.Count == 0 ? price : throw new FormatException(problems[0].ToString());
    }

    private static Usage ReadUsage(JsonElement json) =>
        json.TryGetProperty("cells", out _) ? Usage.OfCells(List(json, "cells", cell => new CellUsage(ReadKey(cell.GetProperty("key")), ReadUsage(cell))))
        : json.TryGetProperty("events", out _) ? Usage.OfEvents(List(json, "events", ReadEvent))
        : OptionalNumber(json, "quantity") is { } quantity ? Usage.Of(quantity) : Usage.None;

    private static UsageEvent ReadEvent(JsonElement json) => new(Number(json, "value"), OptionalInstant(json, "at"), Text(json, "id"), OptionalText(json, "currency"));

    private static CellKey ReadKey(JsonElement json) => new(json.EnumerateObject().Select(one => KeyValuePair.Create(one.Name, one.Value.GetString()!)));

    private static CommitmentCharge ReadCommitment(JsonElement json, Currency currency) => new(
        Text(json, "key"), Number(json, "amount"), Texts(json, "components"), Number(json, "share"), Amount(json, "earlier", currency), Text(json, "tax_category"), Range(json, "period"));

    private static PeriodDiscounts ReadDiscounts(JsonElement json, Currency currency) => new(
        Range(json, "period"),
        json.TryGetProperty("discounts", out _) ? List(json, "discounts", one => new Discount(OptionalNumber(one, "percent"), OptionalNumber(one, "amount"))) : [],
        Amount(json, "earlier_positive", currency),
        Amount(json, "earlier_discount", currency));

    private static Grant ReadGrant(JsonElement json, Currency currency) => new(
        Text(json, "id"),
        GrantKind.Promotional,
        Amount(json, "remaining", currency),
        json.TryGetProperty("components", out _) ? Texts(json, "components").ToHashSet(StringComparer.Ordinal) : null,
        json.GetProperty("priority").GetInt32(),
        Instant(json.GetProperty("valid_from")),
        OptionalInstant(json, "expires_at"),
        Instant(json.GetProperty("granted_at")),
        json.GetProperty("usable").GetBoolean());

    private static TaxRule ReadRule(JsonElement json) => new(Text(json, "category"), ReadRate(json), Instant(json.GetProperty("valid_from")));

    private static TaxRate ReadRate(JsonElement json) => new(Text(json, "code"), Number(json, "percent"), json.GetProperty("inclusive").GetBoolean());

    private static TimeRange Range(JsonElement json, string name) => new(Instant(json.GetProperty(name)[0]), Instant(json.GetProperty(name)[1]));

    private static DateTimeOffset Instant(JsonElement json) =>
        DateTimeOffset.ParseExact(json.GetString()!, "yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal);

    private static DateTimeOffset? OptionalInstant(JsonElement json, string name) => json.TryGetProperty(name, out JsonElement value) ? Instant(value) : null;

    private static Money Amount(JsonElement json, string name, Currency currency) => Money.Round(Number(json, name), currency);

    private static Fraction Number(JsonElement json, string name) => Fraction.OfText(Text(json, name));

    private static Fraction? OptionalNumber(JsonElement json, string name) => json.TryGetProperty(name, out JsonElement value) ? Fraction.OfText(value.GetString()!) : null;

    private static string Text(JsonElement json, string name) => json.GetProperty(name).GetString() ?? throw new FormatException($"{name} is null.");

    private static string? OptionalText(JsonElement json, string name) => json.GetProperty(name).GetString();

    private static List<string> Texts(JsonElement json, string name) => [.. json.GetProperty(name).EnumerateArray().Select(text => text.GetString()!)];

    private static List<T> List<T>(JsonElement json, string name, Func<JsonElement, T> read) => [.. json.GetProperty(name).EnumerateArray().Select(read)];

    private static T Named<T>(T[] values, Func<T, string> nameOf, string name) =>
        Array.Find(values, value => nameOf(value) == name) is { } found && nameOf(found) == name ? found : throw new FormatException($"'{name}' is not one of {string.Join(", ", values.Select(nameOf))}.");
}
