using System.Buffers;
using Metering.Billing.Zones;

namespace Metering.Billing.Calculator;

/// <summary><c>POST /v1/calculator/periods</c>: which billing periods an anchor, an interval and a zone make.</summary>
public static class PeriodsCalculator
{
    /// <param name="refused">Why the whole body is refused, when it is.</param>
    /// <returns>False, and nothing is written, when the body is refused.</returns>
    public static bool TryAnswer(ReadOnlyMemory<byte> body, IZoneSource zones, IBufferWriter<byte> output, out Problem refused) =>
        CaseBatch.TryAnswer(body, zones.TzdbVersion, (fields, problems) => PeriodsCase.Compute(fields, problems, zones), PeriodRows.Write, output, out refused);
}
