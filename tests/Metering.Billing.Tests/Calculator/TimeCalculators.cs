using System.Buffers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Metering.Billing.Calculator;
using Metering.Billing.Zones;
using Xunit;

namespace Metering.Billing.Tests.Calculator;

/// <summary>Calls of <c>periods</c> and <c>prorate</c> with JSON, as a client makes them.</summary>
internal static class TimeCalculators
{
    public static string Periods(string body) => Answer(body, PeriodsCalculator.TryAnswer);

    public static string Prorate(string body) => Answer(body, ProrateCalculator.TryAnswer);

    /// <summary>The result of one case, without the envelope.</summary>
    public static string OnePeriods(string one) => ResultOf(Periods($$"""{"cases":[{{one}}]}"""));

    /// <inheritdoc cref="OnePeriods"/>
    public static string OneProrate(string one) => ResultOf(Prorate($$"""{"cases":[{{one}}]}"""));

    public static string ProblemOf(string result) => JsonNode.Parse(result)!["problem"]?.GetValue<string>() ?? $"no problem: {result}";

    /// <summary>The same document without blanks.</summary>
    public static string Compact(string json) => JsonNode.Parse(json, documentOptions: new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip })!.ToJsonString();

    private static string ResultOf(string answer) => JsonNode.Parse(answer)!["results"]!.AsArray().Single()!.ToJsonString();

    private static string Answer(string body, Calculate calculate)
    {
        ArrayBufferWriter<byte> output = new();
        Assert.True(calculate(Encoding.UTF8.GetBytes(body), TzdbZones.Instance, output, out Problem refused), refused.Reason);
        return Encoding.UTF8.GetString(output.WrittenSpan);
    }

    private delegate bool Calculate(ReadOnlyMemory<byte> body, IZoneSource zones, IBufferWriter<byte> output, out Problem refused);
}
