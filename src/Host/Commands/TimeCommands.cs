using System.Buffers;
using System.CommandLine;
using System.Text.Json;
using Metering.Billing;
using Metering.Billing.Calculator;
using Metering.Billing.Zones;
using Metering.Host.Pricing;

namespace Metering.Host.Commands;

/// <summary><c>metering prorate</c> and <c>metering periods</c>: the calculators of time, from the JSON that the server takes. They need no server.</summary>
internal static class TimeCommands
{
    public static Command Prorate() => Create("prorate", """
        Show what a change within a period charges and gives back, without a server.

        Examples:
          metering prorate change.json
          echo '{"currency":"USD","unit":"day","period":["2026-01-01","2026-01-31"],"charges":[{"id":"old","amount":"100","to":"2026-01-16","billed":"100"},{"id":"new","amount":"200","from":"2026-01-16"}]}' | metering prorate -
        """,
        (ReadOnlyMemory<byte> body, IBufferWriter<byte> output, out Problem refused) => ProrateCalculator.TryAnswer(body, TzdbZones.Instance, output, out refused),
        ProrateTable.Show);

    public static Command Periods() => Create("periods", """
        Show the billing periods of an anchor, an interval and a time zone, without a server.

        Examples:
          metering periods cadence.json
          echo '{"zone":"Asia/Kolkata","interval":{"unit":"month","count":1},"anchor":{"at":"2024-01-31"},"start":"2024-01-31","count":6}' | metering periods -
        """,
        (ReadOnlyMemory<byte> body, IBufferWriter<byte> output, out Problem refused) => PeriodsCalculator.TryAnswer(body, TzdbZones.Instance, output, out refused),
        PeriodsTable.Show);

    private static Command Create(string name, string description, Calculation.Calculator calculate, Action<JsonElement> show)
    {
        Argument<string> file = new("FILE") { Description = "One case, or {\"cases\":[…]}, as JSON; - for standard input" };
        Option<bool> asJson = new("--json") { Description = "The calculator's own answer" };
        Command command = new(name, description) { file, asJson };
        command.SetAction((parsed, _) => Running.GuardAsync(() =>
            Task.FromResult(Calculation.Run(Calculation.Batch(JsonInput.ReadFile(parsed.GetValue(file)!)), calculate, parsed.GetValue(asJson), (_, result) => show(result)))));
        return command;
    }
}
