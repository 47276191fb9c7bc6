using System.Buffers;
using Metering.Billing.Zones;

namespace Metering.Billing.Calculator;

/// <summary><c>POST /v1/calculator/prorate</c>: what a change within a period charges and gives back.</summary>
public static class ProrateCalculator
{
    /// <inheritdoc cref="PeriodsCalculator.TryAnswer"/>
    public static bool TryAnswer(ReadOnlyMemory<byte> body, IZoneSource zones, IBufferWriter<byte> output, out Problem refused) =>
        CaseBatch.TryAnswer<ProrateAnswer?>(
            body, zones.TzdbVersion, (fields, problems) => ProrateCase.Compute(fields, problems, zones), ProrateAnswer.Write, output, out refused);
}
