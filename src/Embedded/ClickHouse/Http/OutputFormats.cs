namespace Metering.Embedded.ClickHouse.Http;

internal static class OutputFormats
{
    public const string Default = "TabSeparated";

    private static readonly string[] Streaming =
        ["TabSeparated", "TSV", "CSV", "JSON", "RowBinary", "Native", "Values", "XML", "CustomSeparated", "LineAsString", "RawBLOB", "Markdown", "SQLInsert"];

    /// <summary>
    /// The format writes something for every block. libchdb takes a block without output for the end of the result, so the others (Parquet and
    /// its like, Pretty, Null) are fetched whole.
    /// </summary>
    public static bool WritesEveryBlock(string format) =>
        Array.Exists(Streaming, prefix => format.StartsWith(prefix, StringComparison.OrdinalIgnoreCase))
        && !format.StartsWith("JSONColumns", StringComparison.OrdinalIgnoreCase)
        && !format.StartsWith("JSONCompactColumns", StringComparison.OrdinalIgnoreCase);
}
