using System.Globalization;
using System.Text;
using Metering.Billing.Periods;

namespace Metering.BillingCore.Metered;

/// <summary>Usage of one subject in a stretch of time that belongs to one rating scope.</summary>
/// <param name="Scope">Its index in the caller's list.</param>
/// <param name="Time">Whole minutes.</param>
internal readonly record struct ScopeRange(int Scope, string Subject, TimeRange Time)
{
    /// <summary>Characters of one statement's ranges. A scope that needs more gets a statement of its own: its usage is one set, and cannot be added up from parts.</summary>
    private const int MaxText = 4_000_000;

    /// <summary>
    /// A table of ranges as SQL: columns scope, subject, from_s and to_s. Subjects are in hexadecimal digits, so no text of anybody is part of the statement; all ranges are one literal,
    /// so their number meets no limit of the parser.
    /// </summary>
    public static string Table(IEnumerable<ScopeRange> ranges)
    {
        StringBuilder text = new("SELECT scope, unhex(hex) AS subject, from_s, to_s FROM format(TSV, 'scope UInt32, hex String, from_s Int64, to_s Int64', '");
        foreach (ScopeRange range in ranges)
        {
            string hex = Convert.ToHexString(Encoding.UTF8.GetBytes(range.Subject));
            text.Append(CultureInfo.InvariantCulture, $"{range.Scope}\t{hex}\t{range.Time.Start.ToUnixTimeSeconds()}\t{range.Time.End.ToUnixTimeSeconds()}\n");
        }

        return text.Append("')").ToString();
    }

    /// <summary>A condition that holds for all of them: it lets ClickHouse leave most of a table unread.</summary>
    /// <param name="column">Of a minute or an instant.</param>
    public static string Between(IReadOnlyList<ScopeRange> ranges, string column, SqlValues sql) =>
        $"{column} >= {sql.Minute(ranges.Min(range => range.Time.Start))} AND {column} < {sql.Minute(ranges.Max(range => range.Time.End))}";

    /// <summary>Lists that fit into one statement each; a scope is in one of them.</summary>
    /// <param name="ranges">Those of a scope next to each other.</param>
    public static IEnumerable<List<ScopeRange>> Chunks(IEnumerable<ScopeRange> ranges)
    {
        List<ScopeRange> chunk = [];
        int length = 0;
        foreach (ScopeRange range in ranges)
        {
            if (length > MaxText && chunk[^1].Scope != range.Scope)
            {
                yield return chunk;
                chunk = [];
                length = 0;
            }

            length += 40 + (Encoding.UTF8.GetByteCount(range.Subject) * 2);
            chunk.Add(range);
        }

        if (chunk.Count > 0)
        {
            yield return chunk;
        }
    }
}
