using System.Globalization;
using Metering.Billing.Catalog;
using Metering.Billing.Rating;

namespace Metering.Billing.Calculator;

/// <summary>Reads <c>quantity</c>, <c>events</c> or <c>cells</c>.</summary>
internal static class UsageReader
{
    private static readonly string[] s_timeFormats = ["yyyy-MM-dd", "yyyy-MM-ddTHH:mm", "yyyy-MM-ddTHH:mmZ", "yyyy-MM-ddTHH:mm:ss.FFFFFFF", "yyyy-MM-ddTHH:mm:ss.FFFFFFFZ"];

    /// <param name="mayBeAbsent">A flat price has no usage.</param>
    public static Usage Read(JsonFields fields, bool mayBeAbsent)
    {
        Fraction? quantity = fields.Number("quantity");
        List<JsonFields>? events = fields.Objects("events");
        List<JsonFields>? cells = fields.Objects("cells");
        int given = (quantity is null ? 0 : 1) + (events is null ? 0 : 1) + (cells is null ? 0 : 1);
        if (given > 1)
        {
            fields.Refuse(events is null ? "cells" : "events", "stands instead of the other usage: give one of quantity, events, cells");
        }
        else if (given == 0 && !mayBeAbsent)
        {
            fields.Refuse("quantity", "is required, or events, or cells");
        }

        return events is not null ? Usage.OfEvents(events.ConvertAll(ReadEvent))
            : cells is not null ? Usage.OfCells(cells.ConvertAll(ReadCell))
            : quantity is { } value ? Usage.Of(value) : Usage.None;
    }

    private static UsageEvent ReadEvent(JsonFields fields)
    {
        UsageEvent read = new(fields.RequiredNumber("value"), ReadTime(fields), fields.Text("id") ?? "", fields.Text("currency"));
        fields.Close();
        return read;
    }

    private static CellUsage ReadCell(JsonFields fields)
    {
        SortedDictionary<string, string>? key = fields.TextMap("key");
        if (key is null)
        {
            fields.Refuse("key", "is required");
        }

        Fraction? quantity = fields.Number("quantity");
        List<JsonFields>? events = fields.Objects("events");
        if (quantity is null == events is null)
        {
            fields.Refuse("quantity", "is required, or events instead");
        }

        fields.Close();
        return new CellUsage(new CellKey(key ?? []), events is not null ? Usage.OfEvents(events.ConvertAll(ReadEvent)) : Usage.Of(quantity ?? Fraction.Zero));
    }

    /// <summary>A date, a date-time or an instant with Z; the first two in UTC.</summary>
    private static DateTimeOffset? ReadTime(JsonFields fields)
    {
        if (fields.Text("at") is not { } text)
        {
            return null;
        }

        if (!DateTimeOffset.TryParseExact(text, s_timeFormats, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out DateTimeOffset at))
        {
            fields.Refuse("at", "must be a date, a local date-time, or an instant with Z");
        }

        return at;
    }
}
