using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Metering.Billing.Calculator;

/// <summary>
/// What the calculators share: <c>{"cases":[…]}</c> in, <c>{"results":[…],"rules_version","tzdb"}</c> out, in the order of the cases. A case
/// that is refused gets <c>{"id","problem"}</c> and harms no other.
/// </summary>
internal static class CaseBatch
{
    public const int MaxCases = 1000;

    private const int MaxListedProblems = 20;

    private static readonly JsonWriterOptions s_writing = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Computes one case, or adds to the problems; what it returns beside problems is not looked at.</summary>
    public delegate T Compute<T>(JsonFields fields, List<Problem> problems);

    /// <summary>Writes the fields of one result; <c>id</c> is there already.</summary>
    public delegate void Write<in T>(Utf8JsonWriter json, T result);

    /// <param name="tzdb">The version of the zone rules, as the answer shows it.</param>
    /// <param name="refused">Why the whole body is refused, when it is: no JSON, no cases, too many.</param>
    /// <returns>False, and nothing is written, when the body is refused.</returns>
    public static bool TryAnswer<T>(ReadOnlyMemory<byte> body, string tzdb, Compute<T> compute, Write<T> write, IBufferWriter<byte> output, out Problem refused)
    {
        if (!CaseList.TryRead(body.Span, out List<Range> cases, out refused))
        {
            return false;
        }

        using Utf8JsonWriter json = new(output, s_writing);
        json.WriteStartObject();
        json.WriteStartArray("results");
        foreach (Range range in cases)
        {
            json.WriteStartObject();
            AnswerCase(body[range], compute, write, json);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteString("rules_version", RulesVersion.Current);
        json.WriteString("tzdb", tzdb);
        json.WriteEndObject();
        return true;
    }

    private static void AnswerCase<T>(ReadOnlyMemory<byte> text, Compute<T> compute, Write<T> write, Utf8JsonWriter json)
    {
        using JsonDocument document = JsonDocument.Parse(text);
        List<Problem> problems = [];
        JsonFields fields = new(document.RootElement, "", problems);
        string id = fields.RequiredText("id");
        T? result = default;
        try
        {
            result = compute(fields, problems);
        }
        catch (OverflowException)
        {
            problems.Add(new Problem("", "the result is beyond what an amount can hold"));
        }

        json.WriteString("id", id);
        if (problems.Count > 0)
        {
            json.WriteString("problem", string.Join("; ", problems.Take(MaxListedProblems)));
        }
        else
        {
            write(json, result!);
        }
    }
}
