using System.Globalization;

namespace Metering.Billing.Postgres.Invoices;

/// <summary>Why an invoice is made: the same cause is the same invoice for ever.</summary>
/// <param name="Subscription">Empty for one that bills no subscription.</param>
/// <param name="DueAt">When it became due to be made.</param>
/// <param name="Kind"><c>period</c>, <c>advance</c>, <c>correction:…</c>, <c>purchase:…</c>.</param>
/// <param name="Attempt">1, or one more than that of the invoice it replaces, which was voided.</param>
public sealed record DraftKey(string Subscription, DateTimeOffset DueAt, string Kind, int Attempt)
{
    public string IdIn(string tenant) => DerivedId.Of(
        "inv", tenant, Subscription, DueAt.UtcDateTime.ToString("O", CultureInfo.InvariantCulture), Kind, Attempt.ToString(CultureInfo.InvariantCulture));
}
