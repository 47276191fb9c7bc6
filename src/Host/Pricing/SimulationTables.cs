using System.Text.Json;
using Metering.Host.Client;
using Metering.Host.Commands;

namespace Metering.Host.Pricing;

/// <summary>Customers of a simulation with every step of their prices.</summary>
internal static class SimulationTables
{
    public static void Explain(JsonElement answer)
    {
        foreach (JsonElement item in answer.GetProperty("items").EnumerateArray().Where(item => !item.TryGetProperty("problem", out _)))
        {
            foreach (string side in new[] { "old", "new" })
            {
                Explain(item, side, JsonText.Member(answer.GetProperty(side), "version"), JsonText.Member(answer, "currency"));
            }
        }
    }

    private static void Explain(JsonElement item, string side, string version, string currency)
    {
        foreach (JsonElement component in item.GetProperty("components").EnumerateArray().Where(one => one.GetProperty(side).ValueKind == JsonValueKind.Object))
        {
            JsonElement priced = component.GetProperty(side);
            string usage = priced.TryGetProperty("no_usage", out _) ? ", no usage" : "";
            Console.WriteLine();
            Console.WriteLine($"{JsonText.Member(item, "customer")}, version {version}, {JsonText.Member(component, "component")}: {JsonText.Member(priced, "amount")} {currency}{usage}");
            if (priced.TryGetProperty("explanation", out JsonElement explanation))
            {
                Terminal.Out().Write(ExplanationTable.Of(explanation));
            }
            else
            {
                Console.WriteLine("  too many steps to show");
            }
        }
    }
}
