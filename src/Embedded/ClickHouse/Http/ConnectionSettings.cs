using Metering.Embedded.ClickHouse.Native;

namespace Metering.Embedded.ClickHouse.Http;

/// <summary>Puts a request's database and settings on its connection, and takes them off again when the connection is a session's.</summary>
internal static class ConnectionSettings
{
    public static string LogComment(RequestOptions options) => options.Settings.GetValueOrDefault("log_comment", options.QueryId);

    /// <summary>Returns the statement that restores what was changed; only sessions need it.</summary>
    public static string? Apply(ChdbConnection connection, RequestOptions options, ulong maxMemory, bool isSession)
    {
        if (!string.IsNullOrEmpty(options.Database))
        {
            connection.Execute("USE " + SqlText.QuoteIdentifier(options.Database));
        }

        Dictionary<string, string> settings = new(StringComparer.Ordinal)
        {
            // libchdb is made for a shell and takes "1 + 1" for a SELECT; the server does not.
            ["implicit_select"] = "0",
            ["async_insert"] = "0",
            ["max_memory_usage"] = maxMemory.ToString(System.Globalization.CultureInfo.InvariantCulture),
            // The engine makes its own query ids; the client's is found again by this.
            ["log_comment"] = options.QueryId,
        };
        foreach ((string name, string value) in options.Settings)
        {
            settings[name] = value;
        }

        string? restore = isSession ? RestoreStatement(connection, options.Settings.Keys) : null;
        connection.Execute("SET " + string.Join(", ", settings.Select(setting => $"{setting.Key} = {SqlText.Quote(setting.Value)}")));
        return restore;
    }

    private static string? RestoreStatement(ChdbConnection connection, IEnumerable<string> names)
    {
        string list = string.Join(", ", names.Select(SqlText.Quote));
        if (list.Length == 0)
        {
            return null;
        }

        string assignments = connection.Execute(
            $"SELECT arrayStringConcat(groupArray(concat(name, ' = ', if(changed, concat('''', replaceAll(replaceAll(value, '\\\\', '\\\\\\\\'), '''', '\\\\'''), ''''), 'DEFAULT'))), ', ') FROM system.settings WHERE name IN ({list}) FORMAT TSVRaw");
        return assignments.Trim() is { Length: > 0 } text ? "SET " + text : null;
    }
}
