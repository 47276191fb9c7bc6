using System.Text;
using System.Text.Json;
using Metering.Contracts;

namespace Metering.Aggregator.Engine.Meters;

/// <summary>One revision, ready to read events: its paths are slots of the <see cref="JsonPathSet"/> that all meters of its event type share.</summary>
public sealed class CompiledMeter
{
    private readonly int _valueSlot;
    private readonly int[] _groupSlots;
    private readonly long _fromTicks;

    internal CompiledMeter(MeterRevision revision, JsonPathSet paths)
    {
        MeterDefinition definition = revision.Definition;
        Number = (uint)revision.Number;
        Aggregation = definition.Aggregation;
        TenantRow = Encoding.UTF8.GetBytes(revision.Tenant);
        ValuePath = definition.ValueProperty ?? "";
        _valueSlot = definition.ValueProperty is null ? -1 : paths.Add(JsonPath.Parse(definition.ValueProperty));
        _groupSlots = [.. definition.GroupBy.Values.Select(path => paths.Add(JsonPath.Parse(path)))];
        _fromTicks = definition.EventFrom?.UtcTicks ?? 0;
    }

    public uint Number { get; }

    public Aggregation Aggregation { get; }

    /// <summary>The tenant's name in UTF-8.</summary>
    public byte[] TenantRow { get; }

    internal string ValuePath { get; }

    internal ReadOnlySpan<int> GroupSlots => _groupSlots;

    /// <summary>Reads the meter's value from an event of its type.</summary>
    /// <param name="identity">Of the event: tells equal times apart for LATEST.</param>
    /// <param name="reading">Set when the result is <see cref="ReadingStatus.Usable"/> or <see cref="ReadingStatus.Rounded"/>.</param>
    internal ReadingStatus TryRead(
        scoped ReadOnlySpan<byte> data, scoped ReadOnlySpan<JsonSlot> slots, long timeTicks, in EventIdentity identity, byte[] scratch, out Reading reading)
    {
        reading = default;
        if (timeTicks < _fromTicks)
        {
            return ReadingStatus.NotMine;
        }

        if (_valueSlot < 0)
        {
            return ReadingStatus.Usable;
        }

        JsonSlot slot = slots[_valueSlot];
        switch (slot.Token)
        {
            case JsonTokenType.None:
                return data.IsEmpty || data.SequenceEqual("null"u8) ? ReadingStatus.NoData : ReadingStatus.NoValue;
            case JsonTokenType.Null:
                return ReadingStatus.NullValue;
            case JsonTokenType.StartObject or JsonTokenType.StartArray:
                return ReadingStatus.NotScalar;
        }

        ReadOnlySpan<byte> text = JsonText.Read(data, slot, scratch);
        return Aggregation == Aggregation.UniqueCount ? ReadDistinct(text, out reading) : ReadNumber(text, slot.Token, timeTicks, identity, out reading);
    }

    /// <summary>A dimension's value as text; nothing where the event has no such value.</summary>
    internal static ReadOnlySpan<byte> ReadGroup(ReadOnlySpan<byte> data, JsonSlot slot, byte[] scratch)
    {
        bool isScalar = slot.Token is JsonTokenType.String or JsonTokenType.Number or JsonTokenType.True or JsonTokenType.False;
        return isScalar ? JsonText.Read(data, slot, scratch) : default;
    }

    private static ReadingStatus ReadDistinct(ReadOnlySpan<byte> text, out Reading reading)
    {
        reading = new Reading { PointId = EventIdentity.Of(default, default, text) };
        return ReadingStatus.Usable;
    }

    private ReadingStatus ReadNumber(ReadOnlySpan<byte> text, JsonTokenType token, long timeTicks, in EventIdentity identity, out Reading reading)
    {
        reading = default;
        if (token is JsonTokenType.True or JsonTokenType.False)
        {
            return ReadingStatus.NotANumber;
        }

        QuantityStatus status = QuantityText.TryParse(text, out Quantity value);
        if (status > QuantityStatus.Rounded)
        {
            return status switch
            {
                QuantityStatus.NaN => ReadingStatus.NaN,
                QuantityStatus.Infinity => ReadingStatus.Infinity,
                QuantityStatus.OutOfRange => ReadingStatus.OutOfRange,
                _ => ReadingStatus.NotANumber,
            };
        }

        reading.Value = value;
        reading.PointValue = Aggregation.KeepsPoints() ? value : default;
        reading.PointTicks = Aggregation == Aggregation.Latest ? timeTicks : 0;
        reading.PointId = Aggregation == Aggregation.Latest ? identity : default;
        return status == QuantityStatus.Rounded ? ReadingStatus.Rounded : ReadingStatus.Usable;
    }
}

/// <summary>An event's value for one meter, and its point (zero for the additive aggregations).</summary>
internal struct Reading
{
    public Quantity Value;
    public Quantity PointValue;
    public long PointTicks;
    public EventIdentity PointId;
}

/// <summary>Whether a meter could use an event. From <see cref="NoData"/> on it is the event's problem.</summary>
public enum ReadingStatus
{
    Usable,
    Rounded,

    /// <summary>Older than the meter's first event.</summary>
    NotMine,
    NoData,
    NoValue,
    NullValue,
    NotScalar,
    NotANumber,
    NaN,
    Infinity,
    OutOfRange,
}

public static class ReadingProblem
{
    /// <summary>The words for a status that is a problem, as the OpenMeter contract has them where it does.</summary>
    public static string? Describe(ReadingStatus status, string path) => status switch
    {
        ReadingStatus.Usable or ReadingStatus.Rounded or ReadingStatus.NotMine => null,
        ReadingStatus.NoData => "invalid event: null and missing value property",
        ReadingStatus.NoValue => $"invalid event: missing value property: \"{path}\"",
        ReadingStatus.NullValue => "invalid event: value cannot be null",
        ReadingStatus.NotScalar => $"invalid event: value is an object or array: \"{path}\"",
        ReadingStatus.NotANumber => $"invalid event: value is not a number: \"{path}\"",
        ReadingStatus.NaN => "invalid event: value cannot be NaN",
        ReadingStatus.Infinity => "invalid event: value cannot be infinity",
        ReadingStatus.OutOfRange => $"invalid event: value is 10^15 or more: \"{path}\"",
    };
}

internal static class JsonText
{
    /// <summary>The token's text without quotes and escapes; with them when they stand for no text (ingest lets no lone surrogate through).</summary>
    /// <param name="scratch">At least as long as the document.</param>
    public static ReadOnlySpan<byte> Read(ReadOnlySpan<byte> document, JsonSlot slot, byte[] scratch)
    {
        if (!slot.Escaped)
        {
            return document.Slice(slot.Start, slot.Length);
        }

        Utf8JsonReader reader = new(document.Slice(slot.Start - 1, slot.Length + 2));
        reader.Read();
        try
        {
            return scratch.AsSpan(0, reader.CopyString(scratch));
        }
        catch (InvalidOperationException)
        {
            return document.Slice(slot.Start, slot.Length);
        }
    }
}
