using System.Globalization;
using Metering.BillingCore.Http;

namespace Metering.BillingCore.Invoices;

/// <summary>Where a page ended that is in the order of an instant and an id.</summary>
internal static class TimedCursor
{
    public static string Text(DateTimeOffset at, string id) => string.Create(CultureInfo.InvariantCulture, $"{at.UtcTicks} {id}");

    /// <exception cref="RefusedException">Not one that was given out.</exception>
    public static (DateTimeOffset At, string Id)? Of(string? cursor)
    {
        if (cursor is null)
        {
            return null;
        }

        string[] parts = cursor.Split(' ', 2);
        return parts.Length == 2 && long.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out long ticks) && ticks <= DateTimeOffset.MaxValue.UtcTicks
            ? (new DateTimeOffset(ticks, TimeSpan.Zero), parts[1])
            : throw RefusedException.BadRequest("cursor is not one that this endpoint gave out.");
    }
}
