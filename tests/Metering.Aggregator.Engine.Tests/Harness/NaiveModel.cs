using System.Buffers.Binary;
using System.Globalization;
using System.Numerics;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Metering.Aggregator.Engine.Meters;
using Metering.Contracts;

namespace Metering.Aggregator.Engine.Tests.Harness;

/// <summary>
/// The slow, independent answer: the distinct accepted events by identity, each in its last version, without the voided ones, counted with
/// big integers. Shares no code with the engine beyond the meter definitions it is given.
/// </summary>
internal static partial class NaiveModel
{
    /// <param name="records">In log order.</param>
    public static SortedDictionary<string, string> Values(IEnumerable<TestRecord> records, IEnumerable<MeterRevision> meters)
    {
        Dictionary<(string, string, string), TestRecord> originals = [];
        Dictionary<(string, string, string), TestRecord> amendments = [];
        HashSet<(string, string, string)> voided = [];
        HashSet<(RecordKind, string, string, string, string)> corrections = [];
        foreach (TestRecord record in records.Where(record => record.Kind is RecordKind.Use or RecordKind.Void or RecordKind.Amend))
        {
            (string, string, string) identity = (record.Tenant, record.Source, record.Id);
            if (record.Kind == RecordKind.Use)
            {
                originals.TryAdd(identity, record);
            }
            else if (corrections.Add((record.Kind, record.Tenant, record.Source, record.Id, record.Key)))
            {
                if (record.Kind == RecordKind.Void)
                {
                    voided.Add(identity);
                }
                else
                {
                    amendments[identity] = record;
                }
            }
        }

        IEnumerable<TestRecord> counted = originals.Where(entry => !voided.Contains(entry.Key)).Select(entry => amendments.GetValueOrDefault(entry.Key, entry.Value));
        return Aggregate([.. counted], meters);
    }

    private static SortedDictionary<string, string> Aggregate(TestRecord[] events, IEnumerable<MeterRevision> meters)
    {
        SortedDictionary<string, string> values = new(StringComparer.Ordinal);
        foreach (MeterRevision meter in meters)
        {
            IEnumerable<(string Window, Measurement Measurement)> measured =
                from one in events
                where one.Tenant == meter.Tenant && one.Type == meter.Definition.EventType
                where meter.Definition.EventFrom is not { } start || one.Time >= start.UtcDateTime
                let measurement = Measure(one, meter.Definition)
                where measurement is not null
                select (WindowOf(one, meter), measurement);
            foreach (IGrouping<string, Measurement> window in measured.GroupBy(pair => pair.Window, pair => pair.Measurement))
            {
                values.Add(window.Key, Combine(meter.Definition.Aggregation, [.. window]).ToString(CultureInfo.InvariantCulture));
            }
        }

        return values;
    }

    private static string WindowOf(TestRecord one, MeterRevision meter)
    {
        JsonElement? data = Parse(one.Data);
        string group = string.Join('\u241F', meter.Definition.GroupBy.Values.Select(path => Find(data, path) is { } found ? ScalarText(found) ?? "" : ""));
        DateTime minute = new(one.Time.Year, one.Time.Month, one.Time.Day, one.Time.Hour, one.Time.Minute, 0, DateTimeKind.Utc);
        return string.Create(CultureInfo.InvariantCulture, $"{one.Tenant}/{meter.Number}/{one.Subject}/{minute:s}/{group}");
    }

    private static Measurement? Measure(TestRecord one, MeterDefinition definition)
    {
        if (definition.Aggregation == Aggregation.Count)
        {
            return new Measurement(0, "", one);
        }

        if (Find(Parse(one.Data), definition.ValueProperty!) is not { } found || found.ValueKind == JsonValueKind.Null || ScalarText(found) is not { } text)
        {
            return null;
        }

        if (definition.Aggregation == Aggregation.UniqueCount)
        {
            return new Measurement(0, text, one);
        }

        return found.ValueKind is JsonValueKind.Number or JsonValueKind.String && ReadDecimal(text) is { } number ? new Measurement(number, text, one) : null;
    }

    private static BigInteger Combine(Aggregation aggregation, Measurement[] all) => aggregation switch
    {
        Aggregation.Sum => Sum(all),
        Aggregation.Count => all.Length,
        Aggregation.Avg => DivideHalfEven(Sum(all), all.Length),
        Aggregation.Min => all.Min(one => one.Number),
        Aggregation.Max => all.Max(one => one.Number),
        Aggregation.Latest => all.OrderBy(one => one.Event.Time).ThenBy(one => HashOf(one.Event), StringComparer.Ordinal).Last().Number,
        Aggregation.UniqueCount => all.Select(one => one.Text).Distinct(StringComparer.Ordinal).Count(),
    };

    private static BigInteger Sum(Measurement[] all) => all.Aggregate(BigInteger.Zero, (sum, one) => sum + one.Number);

    /// <summary>Units of 10⁻¹², half to even; null when it is no number or 10¹⁵ or more.</summary>
    private static BigInteger? ReadDecimal(string text)
    {
        Match match = DecimalText().Match(text);
        if (!match.Success)
        {
            return null;
        }

        string places = match.Groups["places"].Value;
        BigInteger digits = BigInteger.Parse("0" + match.Groups["whole"].Value + places, CultureInfo.InvariantCulture);
        BigInteger exponent = BigInteger.Parse("0" + match.Groups["exponent"].Value, CultureInfo.InvariantCulture);
        exponent = (match.Groups["minus"].Length > 0 ? -exponent : exponent) - places.Length + 12;
        exponent = BigInteger.Max(-2000, BigInteger.Min(2000, exponent));
        BigInteger scaled = exponent >= 0 ? digits * BigInteger.Pow(10, (int)exponent) : DivideHalfEven(digits, BigInteger.Pow(10, -(int)exponent));
        return scaled >= BigInteger.Pow(10, 27) ? null : text[0] == '-' ? -scaled : scaled;
    }

    private static BigInteger DivideHalfEven(BigInteger value, BigInteger divisor)
    {
        BigInteger magnitude = BigInteger.DivRem(BigInteger.Abs(value), divisor, out BigInteger rest);
        magnitude += rest * 2 > divisor || (rest * 2 == divisor && !magnitude.IsEven) ? 1 : 0;
        return value.Sign < 0 ? -magnitude : magnitude;
    }

    private static string HashOf(TestRecord one)
    {
        List<byte> input = [0];
        foreach (string part in new[] { one.Tenant, one.Source, one.Id })
        {
            byte[] bytes = Encoding.UTF8.GetBytes(part);
            byte[] length = new byte[4];
            BinaryPrimitives.WriteInt32LittleEndian(length, bytes.Length);
            input.AddRange([.. length, .. bytes]);
        }

        return Convert.ToHexStringLower(SHA256.HashData([.. input]))[..32];
    }

    private static JsonElement? Parse(string data) => data.Length == 0 ? null : JsonDocument.Parse(data).RootElement;

    private static JsonElement? Find(JsonElement? data, string path)
    {
        JsonElement? at = data;
        foreach (Match step in PathStep().Matches(path))
        {
            if (at is not { } here)
            {
                return null;
            }

            string name = step.Groups["name"].Value + step.Groups["quoted"].Value;
            at = step.Groups["index"].Success
                ? here.ValueKind == JsonValueKind.Array && int.Parse(step.Groups["index"].Value, CultureInfo.InvariantCulture) is int index && index < here.GetArrayLength() ? here[index] : null
                : here.ValueKind == JsonValueKind.Object && here.TryGetProperty(name, out JsonElement child) ? child : null;
        }

        return at;
    }

    private static string? ScalarText(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.String => element.GetString(),
        JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False => element.GetRawText(),
        _ => null,
    };

    [GeneratedRegex(@"^[+-]?(?<whole>\d*)(\.(?<places>\d+))?(?<=\d)([eE](\+|(?<minus>-))?(?<exponent>\d+))?$")]
    private static partial Regex DecimalText();

    [GeneratedRegex(@"\.(?<name>[^.\[]+)|\['(?<quoted>[^']+)'\]|\[(?<index>\d+)\]")]
    private static partial Regex PathStep();

    private sealed record Measurement(BigInteger Number, string Text, TestRecord Event);
}
