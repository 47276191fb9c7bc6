using System.Text;
using System.Text.Json;

namespace Metering.Host.Import;

/// <summary>One JSON object a line; its members are the columns. Empty lines are skipped.</summary>
internal sealed class NdjsonRows(string path) : IRowSource
{
    private readonly StreamReader _lines = new(
        new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 16, FileOptions.SequentialScan),
        new UTF8Encoding(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true));

    private long _line;

    public string? Header => null;

    public IReadOnlyList<string>? Columns => null;

    public long Position => _lines.BaseStream.Position;

    public long Length => _lines.BaseStream.Length;

    public SourceRow? Read()
    {
        while (ReadLine() is { } text)
        {
            _line++;
            if (!string.IsNullOrWhiteSpace(text))
            {
                return Parse(text);
            }
        }

        return null;
    }

    public void Dispose() => _lines.Dispose();

    private string? ReadLine()
    {
        try
        {
            return _lines.ReadLine();
        }
        catch (DecoderFallbackException)
        {
            throw new ImportException($"{path}, after line {_line}: not UTF-8.");
        }
    }

    private SourceRow Parse(string text)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(text);
            return document.RootElement.ValueKind == JsonValueKind.Object
                ? new SourceRow(_line, text, [.. document.RootElement.EnumerateObject().Select(Read)], null)
                : new SourceRow(_line, text, [], "not a JSON object");
        }
        catch (JsonException malformed)
        {
            return new SourceRow(_line, text, [], $"not JSON: {malformed.Message}");
        }
    }

    private static Cell Read(JsonProperty member) => new(
        member.Name,
        member.Value.ValueKind switch
        {
            JsonValueKind.String => member.Value.GetString(),
            JsonValueKind.Number => member.Value.GetRawText(),
            JsonValueKind.Null => "",
            _ => null,
        },
        member.Value.GetRawText());
}
