using Metering.Ingest.Validation;

namespace Metering.Ingest.Parsing;

/// <summary>What can be wrong with a body as a whole, or with one line of it.</summary>
internal static class BodyProblems
{
    public static readonly Problem TrailingText = new(Codes.MalformedJson, "there is more text after the event");
    public static readonly Problem InvalidUtf8 = new(Codes.InvalidUtf8, "the event is not valid UTF-8");
    public static readonly Problem Empty = new(Codes.EmptyBody, "the body is empty");
    public static readonly Problem EmptyBatch = new(Codes.EmptyBatch, "the batch has no events");
    public static readonly Problem NotABatch = new(Codes.UnexpectedBody, "this content type needs a JSON array of events");
    public static readonly Problem NotSingle = new(Codes.UnexpectedBody, "this content type needs one JSON object");

    /// <param name="body">The whole body.</param>
    /// <param name="at">Where the broken element starts.</param>
    /// <param name="element">What its inspection found.</param>
    public static Problem Malformed(ReadOnlySpan<byte> body, int at, in Inspection element)
    {
        long line = body[..at].Count((byte)'\n');
        long column = at - (body[..at].LastIndexOf((byte)'\n') + 1);
        column = element.Line == 0 ? column + element.Column : element.Column;
        return new Problem(Codes.MalformedJson, $"the body is not well-formed JSON at line {line + element.Line + 1}, byte {column + 1}");
    }

    /// <param name="number">The line's number, from 1.</param>
    /// <param name="element">What its inspection found.</param>
    public static Problem MalformedLine(int number, in Inspection element) =>
        new(Codes.MalformedJson, $"line {number} is not well-formed JSON at byte {element.Column + 1}");
}
