using System.Buffers;
using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.RegularExpressions;
using Metering.Host.Settings;

namespace Metering.Host.Import;

/// <param name="Json">The event, one line; null when the row is refused or belongs to another part.</param>
internal readonly record struct MappedRow(byte[]? Json, string? Problem)
{
    public bool IsElsewhere => Json is null && Problem is null;
}

/// <summary>Makes events of rows. One thread at a time, and every row in the order of the file, because equal rows are numbered.</summary>
internal sealed partial class RowMapper
{
    private static readonly JsonWriterOptions s_json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly ImportSettings _settings;
    private readonly RowTime _time;
    private readonly RowIds _ids = new();
    private readonly HashSet<string> _used;
    private readonly ArrayBufferWriter<byte> _buffer = new();
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

    public RowMapper(ImportSettings settings)
    {
        _settings = settings;
        _time = RowTime.For(settings.TimeFormat);
        _used = [.. new[] { settings.SubjectColumn, settings.TimeColumn, settings.IdColumn }.OfType<string>()];
    }

    /// <exception cref="SettingsException">A column that an option names is not in the file.</exception>
    public void Check(IReadOnlyList<string> columns)
    {
        foreach (string column in _used.Concat(_settings.Data.Select(data => data.Column)))
        {
            if (!columns.Contains(column))
            {
                throw new SettingsException($"{_settings.File} has no column '{column}'. It has: {string.Join(", ", columns)}.");
            }
        }
    }

    public MappedRow Map(SourceRow row)
    {
        if (row.Problem is not null)
        {
            return Refused(row.Problem);
        }

        return _settings.Type is null ? AsItIs(row) : Mapped(row);
    }

    private static MappedRow Refused(string problem) => new(null, problem);

    private MappedRow AsItIs(SourceRow row)
    {
        byte[] json = Encoding.UTF8.GetBytes(row.Raw);
        return _settings.Part.Has(RowIds.KeyOf(SHA256.HashData(json))) ? new MappedRow(json, null) : default;
    }

    private MappedRow Mapped(SourceRow row)
    {
        string? subject = _settings.Subject ?? row.Find(_settings.SubjectColumn!)?.Text;
        if (string.IsNullOrEmpty(subject))
        {
            return Refused($"no subject in the column '{_settings.SubjectColumn}'");
        }

        if (row.Find(_settings.TimeColumn!)?.Text is not { Length: > 0 } timeText)
        {
            return Refused($"no time in the column '{_settings.TimeColumn}'");
        }

        if (!_time.TryParse(timeText, out long ticks))
        {
            return Refused($"'{timeText}' in the column '{_settings.TimeColumn}' is not a time that --time-format describes");
        }

        if (Data(row, out List<(string Name, string Json)> data) is { } problem)
        {
            return Refused(problem);
        }

        return Identified(row, subject, ticks, data);
    }

    private MappedRow Identified(SourceRow row, string subject, long ticks, List<(string Name, string Json)> data)
    {
        string? given = _settings.IdColumn is null ? null : row.Find(_settings.IdColumn)?.Text;
        if (_settings.IdColumn is not null && string.IsNullOrEmpty(given))
        {
            return Refused($"no id in the column '{_settings.IdColumn}'");
        }

        UInt128 key = given is null ? KeyOf(subject, ticks, data) : RowIds.KeyOf(SHA256.HashData(Encoding.UTF8.GetBytes(given)));
        return _settings.Part.Has(key) ? new MappedRow(Write(given ?? _ids.Next(key), subject, ticks, data), null) : default;
    }

    private string? Data(SourceRow row, out List<(string Name, string Json)> data)
    {
        data = [];
        if (_settings.Data.Count == 0)
        {
            foreach (Cell cell in row.Cells.Where(cell => !_used.Contains(cell.Name) && cell.Text is not ""))
            {
                data.Add((cell.Name, cell.Json ?? Guess(cell.Text!)));
            }

            return null;
        }

        foreach (DataColumn column in _settings.Data)
        {
            if (Value(row, column, data) is { } problem)
            {
                return problem;
            }
        }

        return null;
    }

    private static string? Value(SourceRow row, DataColumn column, List<(string Name, string Json)> data)
    {
        if (row.Find(column.Column) is not { } cell || (cell.Text is "" && column.Kind != ValueKind.String))
        {
            return null;
        }

        if (column.Kind == ValueKind.Number && (cell.Text is null || !JsonNumber.IsMatch(cell.Text)))
        {
            return $"'{cell.Text ?? cell.Json}' in the column '{column.Column}' is not a number";
        }

        data.Add((column.Name, column.Kind switch
        {
            ValueKind.Number => cell.Text!,
            ValueKind.String => Quote(cell.Text ?? cell.Json!),
            ValueKind.Guess => cell.Json ?? Guess(cell.Text!),
        }));
        return null;
    }

    private static string Guess(string text) => JsonNumber.IsMatch(text) ? text : Quote(text);

    private static string Quote(string text) => $"\"{JavaScriptEncoder.UnsafeRelaxedJsonEscaping.Encode(text)}\"";

    /// <summary>The content alone, whatever the file, its line ends or the order of its columns. Lengths keep neighbours apart.</summary>
    private UInt128 KeyOf(string subject, long ticks, List<(string Name, string Json)> data)
    {
        Span<byte> time = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64BigEndian(time, ticks);
        _hash.AppendData(time);
        Append(_settings.Type!);
        Append(subject);
        foreach ((string name, string json) in data.OrderBy(entry => entry.Name, StringComparer.Ordinal))
        {
            Append(name);
            Append(json);
        }

        return RowIds.KeyOf(_hash.GetHashAndReset());
    }

    private void Append(string text)
    {
        byte[] utf8 = Encoding.UTF8.GetBytes(text);
        Span<byte> length = stackalloc byte[sizeof(int)];
        BinaryPrimitives.WriteInt32BigEndian(length, utf8.Length);
        _hash.AppendData(length);
        _hash.AppendData(utf8);
    }

    private byte[] Write(string id, string subject, long ticks, List<(string Name, string Json)> data)
    {
        _buffer.ResetWrittenCount();
        using (Utf8JsonWriter json = new(_buffer, s_json))
        {
            json.WriteStartObject();
            json.WriteString("id"u8, id);
            json.WriteString("source"u8, _settings.Source);
            json.WriteString("type"u8, _settings.Type);
            json.WriteString("subject"u8, subject);
            json.WriteString("time"u8, new DateTime(ticks, DateTimeKind.Utc).ToString("yyyy-MM-dd'T'HH:mm:ss.fffffff'Z'", CultureInfo.InvariantCulture));
            json.WriteStartObject("data"u8);
            foreach ((string name, string value) in data)
            {
                json.WritePropertyName(name);
                json.WriteRawValue(value);
            }

            json.WriteEndObject();
            json.WriteEndObject();
        }

        return _buffer.WrittenSpan.ToArray();
    }

    [GeneratedRegex(@"^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?\z", RegexOptions.CultureInvariant)]
    private static partial Regex JsonNumber { get; }
}
