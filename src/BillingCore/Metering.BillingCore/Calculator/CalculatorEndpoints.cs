using System.Buffers;
using Metering.Billing;
using Metering.Billing.Calculator;
using Metering.Billing.Zones;
using Metering.BillingCore.Http;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Metering.BillingCore.Calculator;

/// <summary><c>/v1/calculator</c>: the rules of billing, to try. Nothing is read or stored.</summary>
internal static class CalculatorEndpoints
{
    private delegate bool Calculation(ReadOnlyMemory<byte> body, IBufferWriter<byte> output, out Problem refused);

    public static void Map(IEndpointRouteBuilder routes, BillingEdge edge)
    {
        TzdbZones zones = TzdbZones.Instance;
        Map("rate", (ReadOnlyMemory<byte> body, IBufferWriter<byte> output, out Problem refused) => RateCalculator.TryAnswer(body, zones.TzdbVersion, output, out refused));
        Map("prorate", (ReadOnlyMemory<byte> body, IBufferWriter<byte> output, out Problem refused) => ProrateCalculator.TryAnswer(body, zones, output, out refused));
        Map("periods", (ReadOnlyMemory<byte> body, IBufferWriter<byte> output, out Problem refused) => PeriodsCalculator.TryAnswer(body, zones, output, out refused));

        void Map(string name, Calculation calculation) => edge.MapPure(routes, $"/v1/calculator/{name}", (_, body) => Calculate(body, calculation));
    }

    private static Answer Calculate(ReadOnlyMemory<byte> body, Calculation calculation)
    {
        ArrayBufferWriter<byte> output = new();
        return calculation(body, output, out Problem refused)
            ? new Answer(StatusCodes.Status200OK, output.WrittenSpan.ToArray())
            : throw RefusedException.BadRequest(refused.ToString());
    }
}
