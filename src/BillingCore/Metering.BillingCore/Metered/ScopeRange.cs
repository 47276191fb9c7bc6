using System.Globalization;
using System.Text;
using Metering.Billing.Periods;

namespace Metering.BillingCore.Metered;

/// <summary>Usage of one subject in a stretch of time that belongs to one rating scope.</summary>
/// <param name="Scope">Its index in the caller's list.</param>
/// <param name="Time">Whole minutes.</param>
internal readonly record struct ScopeRange(int Scope, string Subject, TimeRange Time)
{
    /// <summary>Statements have to stay below what ClickHouse parses: 256 KiB.</summary>
    private const int MaxText = 100_000;

    /// <summary>A table of ranges as SQL: columns scope, subject, from_s and to_s. Subjects are in hexadecimal digits, so no text of anybody is part of the statement.</summary>
    public static string Table(IEnumerable<ScopeRange> ranges)
    {
        StringBuilder text = new("SELECT r.1 AS scope, r.2 AS subject, r.3 AS from_s, r.4 AS to_s FROM (SELECT arrayJoin([");
        foreach (ScopeRange range in ranges)
        {
            string hex = Convert.ToHexString(Encoding.UTF8.GetBytes(range.Subject));
            text.Append(CultureInfo.InvariantCulture, $"(toUInt32({range.Scope}),unhex('{hex}'),toInt64({range.Time.Start.ToUnixTimeSeconds()}),toInt64({range.Time.End.ToUnixTimeSeconds()})),");
        }

        text.Length--;
        return text.Append("]) AS r)").ToString();
    }

    /// <summary>Lists that fit into one statement each.</summary>
    public static IEnumerable<List<ScopeRange>> Chunks(IEnumerable<ScopeRange> ranges)
    {
        List<ScopeRange> chunk = [];
        int length = 0;
        foreach (ScopeRange range in ranges)
        {
            length += 80 + (Encoding.UTF8.GetByteCount(range.Subject) * 2);
            if (length > MaxText && chunk.Count > 0)
            {
                yield return chunk;
                chunk = [];
                length = 0;
            }

            chunk.Add(range);
        }

        if (chunk.Count > 0)
        {
            yield return chunk;
        }
    }
}
