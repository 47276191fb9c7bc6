using System.Globalization;
using System.Text.Json;
using Metering.Billing.Periods;
using Metering.Billing.Unbilled;
using Metering.BillingCore.Http;

namespace Metering.BillingCore.Unbilled;

/// <summary>Which unbilled usage is asked for; null fields mean any.</summary>
/// <param name="ByCell">Whether the meter's dimensions are told apart.</param>
/// <param name="After">Null for the first page.</param>
internal sealed record UnbilledRequest(TimeRange Range, string? Meter, string? Subject, UnbilledReason? Reason, bool ByCell, int Limit, UnbilledCursor? After)
{
    public static readonly TimeSpan MaxRange = TimeSpan.FromDays(366);

    /// <exception cref="RefusedException">With the parameter that is wrong, and what it may be.</exception>
    public static UnbilledRequest Read(BillingRequest request)
    {
        DateTimeOffset from = request.QueryMinute("from") ?? throw Missing("from");
        DateTimeOffset to = request.QueryMinute("to") ?? throw Missing("to");
        if (to <= from || to - from > MaxRange)
        {
            throw RefusedException.BadRequest(to <= from ? "to must be after from." : $"to must be at most {MaxRange.Days} days after from: ask for one year after the other.");
        }

        UnbilledReason? reason = request.Query("reason") is { } name
            ? UnbilledReasons.Find(name) ?? throw RefusedException.BadRequest($"reason must be one of {string.Join(", ", UnbilledReasons.Names)}.")
            : null;
        bool byCell = request.Query("cells") switch
        {
            null or "false" => false,
            "true" => true,
            _ => throw RefusedException.BadRequest("cells must be true or false."),
        };
        return new UnbilledRequest(
            new TimeRange(from, to), request.Query("meter"), request.Query("subject"), reason, byCell, request.PageSize, request.Cursor is { } cursor ? UnbilledCursor.Parse(cursor) : null);
    }

    private static RefusedException Missing(string name) => RefusedException.BadRequest($"{name} is required: a whole minute in UTC such as 2026-01-01T00:00:00Z.");
}

/// <summary>Where a page ended, and the seal that all pages are as of.</summary>
/// <param name="Row">Key and cell of the last row; null when the subject was listed to its end.</param>
internal sealed record UnbilledCursor(long Seal, string Meter, string Subject, UnbilledKey? Row, IReadOnlyList<string> Cell)
{
    public override string ToString() => JsonSerializer.Serialize<string?[]>(
        [Seal.ToString(CultureInfo.InvariantCulture), Meter, Subject, Row?.Reason.Name(), Row?.Customer, Row?.Subscription, .. Cell]);

    /// <exception cref="RefusedException">Not one that was given out.</exception>
    public static UnbilledCursor Parse(string text)
    {
        try
        {
            if (JsonSerializer.Deserialize<string?[]>(text) is [{ } seal, { } meter, { } subject, var reason, var customer, var subscription, .. var cell] && !cell.Contains(null))
            {
                UnbilledKey? row = reason is not null && UnbilledReasons.Find(reason) is { } found ? new UnbilledKey(found, customer, subscription) : null;
                return new UnbilledCursor(long.Parse(seal, CultureInfo.InvariantCulture), meter, subject, row, cell!);
            }
        }
        catch (Exception mistake) when (mistake is JsonException or FormatException or OverflowException)
        {
            // Said below.
        }

        throw RefusedException.BadRequest("cursor is not one that this endpoint gave out.");
    }
}
