using System.Globalization;
using System.Text;
using Metering.Contracts;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace Metering.Query.Http;

/// <summary>The parameters of a URL, each read with a message that names it.</summary>
internal readonly struct QueryParameters(IQueryCollection query)
{
    public IEnumerable<KeyValuePair<string, StringValues>> All => query;

    /// <summary>Null when absent or empty.</summary>
    public string? Text(string name)
    {
        StringValues values = query[name];
        return values.Count <= 1
            ? string.IsNullOrEmpty(values.ToString()) ? null : values.ToString()
            : throw RefusedException.BadRequest($"{name} is given {values.Count} times.");
    }

    public IReadOnlyList<string> Texts(string name, int maxCount)
    {
        StringValues values = query[name];
        return values.Count <= maxCount
            ? [.. values.Select(value => value ?? "")]
            : throw RefusedException.BadRequest($"{name} is given {values.Count} times; at most {maxCount} are allowed.");
    }

    public DateTimeOffset? Instant(string name) => Text(name) is { } text ? ParseInstant(text, name) : null;

    public int Integer(string name, int fallback, int min, int max) => (int)(Number(name, min, max) ?? fallback);

    public long? Number(string name, long min, long max)
    {
        if (Text(name) is not { } text)
        {
            return null;
        }

        return long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long number) && number >= min && number <= max
            ? number
            : throw RefusedException.BadRequest($"{name} must be a whole number from {min} to {max}.");
    }

    public static DateTimeOffset ParseInstant(string text, string name) =>
        EventTime.TryParse(Encoding.UTF8.GetBytes(text), out long ticks)
            ? new DateTimeOffset(ticks, TimeSpan.Zero)
            : throw RefusedException.BadRequest($"{name}: '{text}' is not an RFC 3339 date-time such as 2024-01-31T00:00:00Z.");
}
