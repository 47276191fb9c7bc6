using System.Globalization;
using Metering.Billing.Ledger;
using Metering.BillingCore.Http;

namespace Metering.BillingCore.Ledger;

/// <summary>Values of the ledger in URLs and answers.</summary>
internal static class LedgerText
{
    private const string DayForm = "yyyy-MM-dd";
    private const string MonthForm = "yyyy-MM";
    private const string InstantForm = "yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'";

    public static string Of(DateOnly day) => day.ToString(DayForm, CultureInfo.InvariantCulture);

    public static string OfMonth(DateOnly month) => month.ToString(MonthForm, CultureInfo.InvariantCulture);

    public static string Of(DateTimeOffset at) => at.UtcDateTime.ToString(InstantForm, CultureInfo.InvariantCulture);

    public static string Of(Direction direction) => direction == Direction.Debit ? "debit" : "credit";

    /// <summary>Null when absent.</summary>
    /// <exception cref="RefusedException">Not an instant.</exception>
    public static DateTimeOffset? Instant(this BillingRequest request, string name) => request.Query(name) is not { } text ? null
        : DateTimeOffset.TryParseExact(text, InstantForm, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset at) ? at
        : throw RefusedException.BadRequest($"{name} must be an instant in UTC such as 2026-01-31T12:00:00Z.");

    /// <exception cref="RefusedException">Absent, or not a date.</exception>
    public static DateOnly Day(this BillingRequest request, string name) =>
        DateOnly.TryParseExact(request.Query(name) ?? "", DayForm, CultureInfo.InvariantCulture, DateTimeStyles.None, out DateOnly day)
            ? day
            : throw RefusedException.BadRequest($"{name} must be a date such as 2026-01-31.");

    /// <summary>Its first day.</summary>
    public static bool TryMonth(string? text, out DateOnly month) => DateOnly.TryParseExact(text ?? "", MonthForm, CultureInfo.InvariantCulture, DateTimeStyles.None, out month);

    /// <summary>Null when absent.</summary>
    /// <exception cref="RefusedException">Not an account.</exception>
    public static Account? Account(this BillingRequest request, string name) => request.Query(name) is not { } text ? null
        : Metering.Billing.Ledger.Account.TryParse(text, out Account account) ? account
        : throw RefusedException.BadRequest($"{name} must be an account such as Bank, Receivable:customer or Prepaid:customer:grant.");

    /// <summary>Null when absent.</summary>
    /// <exception cref="RefusedException">Not a kind of account.</exception>
    public static AccountKind? Kind(this BillingRequest request, string name) => request.Query(name) is not { } text ? null
        : Enum.TryParse(text, out AccountKind kind) && kind.ToString() == text ? kind
        : throw RefusedException.BadRequest($"{name} must be one of {string.Join(", ", Enum.GetNames<AccountKind>())}.");

    /// <summary>The number that the last page ended with; 0 for the first page.</summary>
    /// <exception cref="RefusedException">Not a cursor of a list in the order of numbers.</exception>
    public static long NumberOf(string? cursor) => cursor is null ? 0
        : long.TryParse(cursor, NumberStyles.None, CultureInfo.InvariantCulture, out long number) ? number
        : throw RefusedException.BadRequest("cursor is not one that this endpoint gave out.");
}
