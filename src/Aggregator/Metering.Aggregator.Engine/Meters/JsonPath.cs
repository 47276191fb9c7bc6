using System.Globalization;
using System.Text;

namespace Metering.Aggregator.Engine.Meters;

/// <summary>
/// The part of JSONPath that names one place: <c>$</c>, <c>.name</c>, <c>['name']</c>, <c>["name"]</c>, <c>[0]</c>. Filters, wildcards, slices and
/// negative indexes are refused, because a meter's value must be one value.
/// </summary>
public sealed record JsonPath
{
    private JsonPath(string text, IReadOnlyList<Segment> segments)
    {
        Text = text;
        Segments = segments;
    }

    public string Text { get; }

    public IReadOnlyList<Segment> Segments { get; }

    /// <summary>A property name, or (when <paramref name="Name"/> is null) an array index.</summary>
    public readonly record struct Segment(string? Name, int Index);

    /// <exception cref="FormatException">Not a path of this subset; the message says where.</exception>
    public static JsonPath Parse(string text)
    {
        if (!text.StartsWith('$'))
        {
            throw new FormatException($"'{text}' is not a JSONPath: it must start with '$'.");
        }

        List<Segment> segments = [];
        int at = 1;
        while (at < text.Length)
        {
            segments.Add(text[at] switch
            {
                '.' => ReadName(text, ref at),
                '[' when at + 1 < text.Length && text[at + 1] is '\'' or '"' => ReadQuoted(text, ref at),
                '[' => ReadIndex(text, ref at),
                _ => throw Unexpected(text, at),
            });
        }

        return new JsonPath(text, segments);
    }

    private static Segment ReadName(string text, ref int at)
    {
        int start = ++at;
        while (at < text.Length && text[at] is not ('.' or '[' or ']' or '*' or '\'' or '"' or '(' or ')' or '?' or ' '))
        {
            at++;
        }

        return at > start ? new Segment(text[start..at], -1) : throw Unexpected(text, at);
    }

    private static Segment ReadQuoted(string text, ref int at)
    {
        char quote = text[at + 1];
        StringBuilder name = new();
        for (at += 2; at < text.Length && text[at] != quote; at++)
        {
            at += text[at] == '\\' ? 1 : 0;
            name.Append(at < text.Length ? text[at] : throw Unexpected(text, at));
        }

        if (at + 1 >= text.Length || text[at + 1] != ']')
        {
            throw Unexpected(text, at);
        }

        at += 2;
        return new Segment(name.ToString(), -1);
    }

    private static Segment ReadIndex(string text, ref int at)
    {
        int end = text.IndexOf(']', at);
        if (end < 0 || !int.TryParse(text.AsSpan(at + 1, end - at - 1), NumberStyles.None, CultureInfo.InvariantCulture, out int index))
        {
            throw Unexpected(text, at);
        }

        at = end + 1;
        return new Segment(null, index);
    }

    private static FormatException Unexpected(string text, int at) =>
        new($"'{text}' is not a JSONPath of the supported kind ($.a.b, $['a'], $[0]): unexpected {(at < text.Length ? $"'{text[at]}'" : "end")} at {at}.");
}
