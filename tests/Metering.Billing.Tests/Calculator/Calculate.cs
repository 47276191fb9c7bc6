using System.Buffers;
using System.Text;
using System.Text.Json;
using Metering.Billing.Calculator;

namespace Metering.Billing.Tests.Calculator;

/// <summary>Asks the calculator as a client does: JSON in, JSON out.</summary>
internal static class Calculate
{
    /// <summary>One case; an id and a currency are added when it has none.</summary>
    public static JsonElement Rate(string body)
    {
        string fields = body.Trim().TrimStart('{').TrimEnd();
        string id = "\"id\":\"case\",";
        string currency = body.TrimStart().StartsWith("{\"currency\"", StringComparison.Ordinal) ? "" : "\"currency\":\"USD\",";
        return Answer($$"""{"cases":[{{{id}}{{currency}}{{fields}}]}""").GetProperty("results")[0];
    }

    /// <summary>The whole answer, or the problem of the whole body as a string.</summary>
    public static JsonElement Answer(string body)
    {
        ArrayBufferWriter<byte> output = new();
        if (!RateCalculator.TryAnswer(Encoding.UTF8.GetBytes(body), "2026a", output, out Problem refused))
        {
            return JsonSerializer.SerializeToElement(refused.ToString());
        }

        return JsonDocument.Parse(output.WrittenMemory).RootElement;
    }

    public static string Text(this JsonElement element, string path)
    {
        foreach (string part in path.Split('.'))
        {
            element = int.TryParse(part, out int index) ? element[index] : element.TryGetProperty(part, out JsonElement value)
                ? value
                : throw new InvalidOperationException($"No '{part}' in {element}");
        }

        return element.ToString();
    }

    public static string Problem(string body) => Rate(body).Text("problem");
}
