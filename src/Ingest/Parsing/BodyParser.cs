using System.Text.Unicode;
using Metering.EventLog;
using Metering.Ingest.Publishing;
using Metering.Ingest.Validation;

namespace Metering.Ingest.Parsing;

/// <summary>
/// Finds the elements of a body and has each encoded. A refused element costs itself only. Broken JSON costs the line in a body of lines,
/// and the whole body otherwise, because nothing says where the next element would start.
/// </summary>
internal sealed class BodyParser(EventRules rules)
{
    private IElementEncoder _encoder = null!;
    private AppendBatch _records = null!;
    private List<Rejection> _rejections = null!;
    private BatchContext _context;
    private bool _validUtf8;

    /// <summary>Elements found so far, refused ones included.</summary>
    public int Count { get; private set; }

    /// <returns>A problem of the whole body: nothing of it may be used then.</returns>
    public Problem Parse(
        ReadOnlySpan<byte> body, BodyShape shape, IElementEncoder encoder, in BatchContext context, AppendBatch records, List<Rejection> rejections)
    {
        (_encoder, _records, _rejections, _context, Count) = (encoder, records, rejections, context, 0);

        // One fast pass over everything; element by element only when it fails.
        _validUtf8 = Utf8.IsValid(body);
        int start = SkipBlanks(body, 0);
        if (start == body.Length)
        {
            return BodyProblems.Empty;
        }

        bool array = body[start] == '[';
        return shape switch
        {
            BodyShape.Lines => ParseLines(body),
            BodyShape.Array when !array && IsValue(body[start]) => BodyProblems.NotABatch,
            BodyShape.Single when array => BodyProblems.NotSingle,
            _ => array ? ParseArray(body, start + 1) : ParseSingle(body, start),
        };
    }

    private Problem ParseLines(ReadOnlySpan<byte> body)
    {
        for (int at = 0, number = 1; at < body.Length; number++)
        {
            int end = body[at..].IndexOf((byte)'\n');
            end = end < 0 ? body.Length : at + end;
            (int first, int last) = Trim(body, at, end);
            at = end + 1;
            if (first == last)
            {
                continue;
            }

            if (Count == rules.MaxBatchEvents)
            {
                return rules.TooManyEvents;
            }

            ParseLine(body, first, last, number);
        }

        return Problem.None;
    }

    private void ParseLine(ReadOnlySpan<byte> body, int first, int last, int number)
    {
        ReadOnlySpan<byte> line = body[first..last];
        Problem problem = Encode(line, exact: true, out _);
        if (!problem.IsNone)
        {
            Inspection inspection = ElementInspector.Inspect(line);
            problem = LineProblem(problem, inspection, line.Length, number);
            _rejections.Add(new Rejection(Count, inspection.Id, problem, first, line.Length));
        }

        Count++;
    }

    private Problem LineProblem(in Problem problem, in Inspection inspection, int length, int number)
    {
        if (length > rules.MaxEventBytes)
        {
            return rules.TooLarge;
        }

        if (inspection.WellFormed)
        {
            return inspection.Length == length ? Refine(problem, inspection) : BodyProblems.TrailingText;
        }

        return problem.Code == Codes.InvalidUtf8 ? problem : BodyProblems.MalformedLine(number, inspection);
    }

    private Problem ParseSingle(ReadOnlySpan<byte> body, int start)
    {
        (_, int end) = Trim(body, start, body.Length);
        int at = start;
        Problem problem = ParseElement(body[..end], exact: true, ref at);
        return !problem.IsNone || at == end ? problem : Broken(body, at);
    }

    private Problem ParseArray(ReadOnlySpan<byte> body, int at)
    {
        at = SkipBlanks(body, at);
        if (at < body.Length && body[at] == ']')
        {
            return SkipBlanks(body, at + 1) == body.Length ? BodyProblems.EmptyBatch : Broken(body, SkipBlanks(body, at + 1));
        }

        while (true)
        {
            if (Count == rules.MaxBatchEvents)
            {
                return rules.TooManyEvents;
            }

            Problem problem = ParseElement(body, exact: false, ref at);
            if (!problem.IsNone)
            {
                return problem;
            }

            at = SkipBlanks(body, at);
            byte next = at < body.Length ? body[at] : (byte)0;
            if (next != ',')
            {
                return EndOfArray(body, at, next);
            }

            at = SkipBlanks(body, at + 1);
        }
    }

    private static Problem EndOfArray(ReadOnlySpan<byte> body, int at, byte next)
    {
        int end = next == ']' ? SkipBlanks(body, at + 1) : at;
        return next == ']' && end == body.Length ? Problem.None : Broken(body, end);
    }

    /// <returns>None when the element was taken or refused; a problem when the JSON itself is broken.</returns>
    private Problem ParseElement(ReadOnlySpan<byte> body, bool exact, ref int at)
    {
        ReadOnlySpan<byte> text = body[at..];
        Problem problem = Encode(text, exact, out int length);
        if (!problem.IsNone)
        {
            Inspection inspection = ElementInspector.Inspect(text);
            if (!inspection.WellFormed)
            {
                return BodyProblems.Malformed(body, at, inspection);
            }

            length = inspection.Length;
            if (exact && length != text.Length)
            {
                return Broken(body, SkipBlanks(body, at + length));
            }

            _rejections.Add(new Rejection(Count, inspection.Id, Refine(problem, inspection), at, length));
        }

        Count++;
        at += length;
        return Problem.None;
    }

    private Problem Encode(ReadOnlySpan<byte> text, bool exact, out int length)
    {
        if (!_validUtf8)
        {
            // The encoder trusts its text. Only in a body with bad bytes somewhere: find the element's end first and look at it alone.
            Inspection inspection = ElementInspector.Inspect(text);
            ReadOnlySpan<byte> element = inspection.WellFormed ? text[..inspection.Length] : text;
            length = element.Length;
            if (!Utf8.IsValid(element))
            {
                return BodyProblems.InvalidUtf8;
            }

            text = inspection.WellFormed && !exact ? element : text;
        }

        return _encoder.Encode(text, _context, exact, _records, out length);
    }

    /// <summary>What is wrong with an event as such comes before what is wrong inside it.</summary>
    private Problem Refine(in Problem problem, in Inspection inspection)
    {
        if (inspection.Length > rules.MaxEventBytes)
        {
            return rules.TooLarge;
        }

        return inspection.Depth > rules.MaxDepth ? rules.TooDeep : problem;
    }

    private static Problem Broken(ReadOnlySpan<byte> body, int at) => BodyProblems.Malformed(body, at, default);

    private static bool IsValue(byte first) =>
        first is (byte)'{' or (byte)'"' or (byte)'n' or (byte)'t' or (byte)'f' or (byte)'-' or (>= (byte)'0' and <= (byte)'9');

    private static bool IsBlank(byte value) => value is (byte)' ' or (byte)'\n' or (byte)'\r' or (byte)'\t';

    private static int SkipBlanks(ReadOnlySpan<byte> text, int at)
    {
        while (at < text.Length && IsBlank(text[at]))
        {
            at++;
        }

        return at;
    }

    private static (int First, int Last) Trim(ReadOnlySpan<byte> text, int first, int last)
    {
        first = Math.Min(SkipBlanks(text, first), last);
        while (last > first && IsBlank(text[last - 1]))
        {
            last--;
        }

        return (first, last);
    }
}
