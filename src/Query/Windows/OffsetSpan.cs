namespace Metering.Query.Windows;

/// <summary>A stretch of time in which a zone's UTC offset does not change.</summary>
/// <param name="Start">First second (Unix time) of the stretch.</param>
/// <param name="End">First second after it.</param>
/// <param name="Offset">Seconds to add to UTC.</param>
/// <param name="FirstDay">
/// The local day (days since 1970-01-01) that had been reached when the stretch began. Where a clock is turned back over midnight the local date
/// goes back with it; days do not, or a day would be in two pieces.
/// </param>
internal readonly record struct OffsetSpan(long Start, long End, long Offset, long FirstDay)
{
    public const int SecondsPerDay = 86_400;

    public const int SecondsPerHour = 3600;

    public long LocalDay(long second) => Math.Max(FirstDay, FloorDivide(second + Offset, SecondsPerDay));

    public static long FloorDivide(long dividend, long divisor) => (dividend / divisor) - (dividend % divisor < 0 ? 1 : 0);
}
