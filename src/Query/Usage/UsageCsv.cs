using System.Text;
using Metering.Contracts;
using Microsoft.AspNetCore.Http;

namespace Metering.Query.Usage;

/// <summary>A usage answer as CSV (RFC 4180).</summary>
internal sealed class UsageCsv(UsagePlan plan, IReadOnlyList<UsageRow> rows) : IResult
{
    /// <summary>Exactly this: OpenMeter's tests compare the header by equality.</summary>
    public const string ContentType = "text/csv";

    private const int FlushChars = 64 * 1024;

    public async Task ExecuteAsync(HttpContext httpContext)
    {
        httpContext.Response.ContentType = ContentType;
        StringBuilder text = new();
        foreach (string line in Lines())
        {
            text.Append(line).Append('\n');
            if (text.Length >= FlushChars)
            {
                await httpContext.Response.WriteAsync(text.ToString(), httpContext.RequestAborted);
                text.Clear();
            }
        }

        await httpContext.Response.WriteAsync(text.ToString(), httpContext.RequestAborted);
    }

    public IEnumerable<string> Lines()
    {
        int[] order = [.. plan.GroupBy.Index().OrderByDescending(entry => entry.Item == UsageColumns.Subject).Select(entry => entry.Index)];
        yield return string.Join(',', [.. new[] { "window_start", "window_end" }, .. order.Select(index => Escape(plan.GroupBy[index])), "value"]);
        foreach (UsageRow row in rows)
        {
            yield return string.Join(',',
                [UsageJson.Text(row.Window.Start), UsageJson.Text(row.Window.End), .. order.Select(index => Escape(row.Groups[index])), SixPlaces(row.Value)]);
        }
    }

    /// <summary>As C's <c>%f</c> prints, but from the exact value: half to even at the sixth place.</summary>
    internal static string SixPlaces(Quantity value)
    {
        const long millionths = 1_000_000;
        string digits = Int128.Abs(value.DivideBy(millionths).Unscaled).ToString(System.Globalization.CultureInfo.InvariantCulture).PadLeft(7, '0');
        string sign = value.Unscaled < 0 && digits.AsSpan().ContainsAnyExcept('0') ? "-" : "";
        return $"{sign}{digits[..^6]}.{digits[^6..]}";
    }

    private static string Escape(string field) => field.AsSpan().ContainsAny(",\"\r\n") ? $"\"{field.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : field;
}
