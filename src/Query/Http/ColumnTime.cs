namespace Metering.Query.Http;

/// <summary>Instants of ClickHouse columns as integers, so that no driver or server time zone is between them and us.</summary>
internal static class ColumnTime
{
    /// <summary>A <c>DateTime64(7)</c> in units of 100 ns since 1970.</summary>
    public static string Ticks(string column) => $"reinterpretAsInt64({column})";

    /// <summary>A <c>DateTime64(3)</c> in milliseconds since 1970.</summary>
    public static string Milliseconds(string column) => $"toUnixTimestamp64Milli({column})";

    public static DateTimeOffset FromTicks(long ticks) => DateTimeOffset.UnixEpoch.AddTicks(ticks);

    public static DateTimeOffset FromMilliseconds(long milliseconds) => DateTimeOffset.FromUnixTimeMilliseconds(milliseconds);
}
