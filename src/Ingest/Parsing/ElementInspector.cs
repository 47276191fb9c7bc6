using System.Text.Json;

namespace Metering.Ingest.Parsing;

/// <summary>What is known of a piece of JSON that was refused.</summary>
/// <param name="WellFormed">It is one complete JSON value; otherwise the position says where it stops being one.</param>
/// <param name="Length">Bytes of the value.</param>
/// <param name="Depth">Deepest nesting; 1 for a flat object.</param>
/// <param name="Id">Its <c>id</c>, when it is an object that has a readable one: tells the sender which event it was.</param>
/// <param name="Line">Lines before the error, from the start of the text.</param>
/// <param name="Column">Bytes before the error in its line.</param>
internal readonly record struct Inspection(bool WellFormed, int Length, int Depth, string? Id, long Line, long Column);

/// <summary>
/// Walks one refused value to its end, whatever is in it: where the next one starts, and whether it was the JSON that is broken. The slow
/// path of parsing, so that the fast one can stop anywhere.
/// </summary>
internal static class ElementInspector
{
    // Deeper nesting than bytes cannot be, so the reader never stops for depth; its own memory is one bit per level.
    private static readonly JsonReaderOptions s_lenient = new() { MaxDepth = int.MaxValue };

    public static Inspection Inspect(ReadOnlySpan<byte> text)
    {
        Utf8JsonReader reader = new(text, s_lenient);
        int depth = 0;
        string? id = null;
        try
        {
            do
            {
                reader.Read();
                depth = Math.Max(depth, reader.CurrentDepth + (reader.TokenType is JsonTokenType.StartObject or JsonTokenType.StartArray ? 1 : 0));
                id ??= TryReadId(ref reader);
            }
            while (reader.CurrentDepth > 0 || reader.TokenType is JsonTokenType.StartObject or JsonTokenType.StartArray);

            return new Inspection(true, (int)reader.BytesConsumed, depth, id, 0, 0);
        }
        catch (JsonException error)
        {
            return new Inspection(false, 0, depth, id, error.LineNumber ?? 0, error.BytePositionInLine ?? 0);
        }
    }

    public static bool IsTooDeep(ReadOnlySpan<byte> text, int maxDepth)
    {
        Inspection inspection = Inspect(text);
        return inspection.WellFormed && inspection.Depth > maxDepth;
    }

    /// <summary>Moves past the name <c>id</c> of the outermost object.</summary>
    private static string? TryReadId(ref Utf8JsonReader reader)
    {
        if (reader.CurrentDepth != 1 || reader.TokenType != JsonTokenType.PropertyName || reader.ValueIsEscaped || !reader.ValueTextEquals("id"u8))
        {
            return null;
        }

        // A copy looks ahead: the walk must see the value itself, for its depth.
        Utf8JsonReader ahead = reader;
        return ahead.Read() && ahead.TokenType == JsonTokenType.String ? ReadShort(ref ahead) : null;
    }

    private static string? ReadShort(ref Utf8JsonReader reader)
    {
        const int Longest = 256;
        try
        {
            return reader.ValueSpan.Length <= 2 * Longest && reader.GetString() is { Length: > 0 and <= Longest } id ? id : null;
        }
        catch (InvalidOperationException)
        {
            // Invalid UTF-8 or a lone surrogate: not a text that could be shown.
            return null;
        }
    }
}
