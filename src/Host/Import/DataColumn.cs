using Metering.Host.Settings;

namespace Metering.Host.Import;

internal enum ValueKind
{
    /// <summary>A number when it is written as JSON writes numbers, else a string. Empty: left out.</summary>
    Guess,

    /// <summary>Must be a number. Empty: left out.</summary>
    Number,

    String,
}

/// <summary>A column that goes into an event's data.</summary>
internal sealed record DataColumn(string Column, string Name, ValueKind Kind)
{
    /// <param name="text"><c>COLUMN[=name][:number|string]</c>.</param>
    /// <exception cref="SettingsException">A part is missing or unknown.</exception>
    public static DataColumn Parse(string text)
    {
        (string mapping, ValueKind kind) = SplitKind(text);
        int equals = mapping.IndexOf('=', StringComparison.Ordinal);
        (string column, string name) = equals < 0 ? (mapping, mapping) : (mapping[..equals], mapping[(equals + 1)..]);
        return column.Length > 0 && name.Length > 0
            ? new DataColumn(column, name, kind)
            : throw new SettingsException($"--data {text}: expected COLUMN, COLUMN=name or COLUMN=name:number.");
    }

    public override string ToString() => $"{Column}={Name}:{Kind}";

    private static (string Mapping, ValueKind Kind) SplitKind(string text) => text switch
    {
        _ when text.EndsWith(":number", StringComparison.Ordinal) => (text[..^":number".Length], ValueKind.Number),
        _ when text.EndsWith(":string", StringComparison.Ordinal) => (text[..^":string".Length], ValueKind.String),
        _ => (text, ValueKind.Guess),
    };
}
