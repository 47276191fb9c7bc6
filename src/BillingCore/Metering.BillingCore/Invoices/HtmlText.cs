using System.Text;
using System.Text.Encodings.Web;

namespace Metering.BillingCore.Invoices;

/// <summary>HTML that cannot be broken by what is put into it: texts and attributes are escaped, elements end where they began.</summary>
internal sealed class HtmlText
{
    private static readonly HtmlEncoder s_encoder = HtmlEncoder.Create(System.Text.Unicode.UnicodeRanges.All);

    private readonly StringBuilder _text = new();

    public HtmlText Element(string name, string? text, string? @class = null) => Element(name, @class, () => Text(text));

    public HtmlText Element(string name, string? @class, Action content)
    {
        Open(name, @class is null ? [] : [("class", @class)]);
        content();
        return Close(name);
    }

    public HtmlText Link(string address, string text)
    {
        Open("a", [("href", address)]);
        return Text(text).Close("a");
    }

    public HtmlText Text(string? text)
    {
        _text.Append(s_encoder.Encode(text ?? ""));
        return this;
    }

    /// <summary>Markup of the program's own.</summary>
    public HtmlText Raw(string markup)
    {
        _text.Append(markup);
        return this;
    }

    /// <summary>A row of a table. Numbers, which are all but the first so many cells, are aligned to the right.</summary>
    public HtmlText Row(int texts, string? @class, params ReadOnlySpan<string> cells)
    {
        Open("tr", @class is null ? [] : [("class", @class)]);
        for (int i = 0; i < cells.Length; i++)
        {
            Element("td", cells[i], i < texts ? null : "number");
        }

        return Close("tr");
    }

    public HtmlText Head(int texts, params ReadOnlySpan<string> cells)
    {
        _text.Append("<thead><tr>");
        for (int i = 0; i < cells.Length; i++)
        {
            Element("th", cells[i], i < texts ? null : "number");
        }

        _text.Append("</tr></thead>\n");
        return this;
    }

    public override string ToString() => _text.ToString();

    private void Open(string name, ReadOnlySpan<(string Name, string Value)> attributes)
    {
        _text.Append('<').Append(name);
        foreach ((string attribute, string value) in attributes)
        {
            _text.Append(' ').Append(attribute).Append("=\"").Append(s_encoder.Encode(value)).Append('"');
        }

        _text.Append('>');
    }

    private HtmlText Close(string name)
    {
        _text.Append("</").Append(name).Append(">\n");
        return this;
    }
}
