using System.Text.Json;

namespace Metering.Billing.Calculator;

/// <summary>Finds where each case of a body begins and ends, without reading what is in it.</summary>
internal static class CaseList
{
    public static bool TryRead(ReadOnlySpan<byte> body, out List<Range> cases, out Problem refused)
    {
        cases = [];
        refused = default;
        try
        {
            refused = Read(new Utf8JsonReader(body), cases) ?? default;
        }
        catch (JsonException malformed)
        {
            refused = new Problem("", $"the body is not valid JSON: {malformed.Message}");
        }

        return refused == default;
    }

    private static Problem? Read(Utf8JsonReader reader, List<Range> cases)
    {
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            return new Problem("", "the body must be an object with a list \"cases\"");
        }

        bool found = false;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (!reader.ValueTextEquals("cases"u8) || found)
            {
                return new Problem("", "the body must have \"cases\" once and nothing else");
            }

            found = true;
            reader.Read();
            if (reader.TokenType != JsonTokenType.StartArray)
            {
                return new Problem("cases", "must be a list");
            }

            ReadItems(ref reader, cases);
        }

        reader.Read(); // throws when something follows
        return found ? TooMany(cases.Count) : new Problem("cases", "is required");
    }

    private static void ReadItems(ref Utf8JsonReader reader, List<Range> cases)
    {
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            int start = (int)reader.TokenStartIndex;
            reader.Skip();
            cases.Add(start..(int)reader.BytesConsumed);
        }
    }

    private static Problem? TooMany(int count) =>
        count > CaseBatch.MaxCases ? new Problem("cases", $"has {count} entries; at most {CaseBatch.MaxCases} are allowed") : null;
}
