using System.Buffers;
using System.Text;
using System.Text.Json;
using Metering.Billing;
using Metering.Host.Client;
using Metering.Host.Commands;
using Metering.Host.Settings;

namespace Metering.Host.Pricing;

/// <summary>One run of a calculator of the billing core, in this process: the answers are those of <c>/v1/calculator</c>.</summary>
internal static class Calculation
{
    public delegate bool Calculator(ReadOnlyMemory<byte> body, IBufferWriter<byte> output, out Problem refused);

    /// <summary>A file of one case is as good as one of a list.</summary>
    public static string Batch(JsonElement given) => given.TryGetProperty("cases", out _) ? given.GetRawText() : JsonText.Write(json =>
    {
        json.WriteStartObject();
        json.WriteStartArray("cases");
        json.WriteStartObject();
        if (!given.TryGetProperty("id", out _))
        {
            json.WriteString("id", "1");
        }

        foreach (JsonProperty field in given.EnumerateObject())
        {
            field.WriteTo(json);
        }

        json.WriteEndObject();
        json.WriteEndArray();
        json.WriteEndObject();
    });

    /// <param name="show">Shows one result that is no refusal, with the number of its case.</param>
    /// <returns>The exit code: failed when a case was refused.</returns>
    /// <exception cref="SettingsException">The calculator refuses the whole.</exception>
    public static int Run(string batch, Calculator calculate, bool asJson, Action<int, JsonElement> show)
    {
        ArrayBufferWriter<byte> output = new();
        if (!calculate(Encoding.UTF8.GetBytes(batch), output, out Problem refused))
        {
            throw new SettingsException(refused.ToString());
        }

        using JsonDocument answer = JsonDocument.Parse(output.WrittenMemory);
        JsonElement[] results = [.. answer.RootElement.GetProperty("results").EnumerateArray()];
        if (asJson)
        {
            Console.WriteLine(JsonText.Indented(answer.RootElement));
        }

        foreach ((int number, JsonElement result) in results.Index())
        {
            Show(result, results.Length > 1, asJson, one => show(number, one));
        }

        return results.Any(result => result.TryGetProperty("problem", out _)) ? ExitCode.Failed : ExitCode.Success;
    }

    private static void Show(JsonElement result, bool isOneOfMany, bool asJson, Action<JsonElement> show)
    {
        string id = JsonText.Member(result, "id");
        if (result.TryGetProperty("problem", out JsonElement problem))
        {
            Console.Error.WriteLine($"metering: {(isOneOfMany ? $"case {id}: " : "")}{problem.GetString()}");
        }
        else if (!asJson)
        {
            if (isOneOfMany)
            {
                Console.WriteLine($"case {id}");
            }

            show(result);
        }
    }
}
