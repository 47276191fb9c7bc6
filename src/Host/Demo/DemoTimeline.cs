namespace Metering.Host.Demo;

/// <summary>
/// When things happen. The usage spans some minutes up to now, and a demo cannot wait for minutes: so the allowed lateness is chosen such that
/// the oldest minute is sealed a few seconds after the sending began. What is still missing of it then arrives late.
/// </summary>
/// <param name="From">The first event's time, a whole minute.</param>
/// <param name="SealedUpto">The first boundary a seal reaches with usage below it.</param>
/// <param name="SealsAt">When it does.</param>
internal sealed record DemoTimeline(DateTimeOffset From, DateTimeOffset SealedUpto, DateTimeOffset SealsAt)
{
    private const int EventsPerSecond = 15_000;
    private static readonly TimeSpan s_span = TimeSpan.FromMinutes(4);
    private static readonly TimeSpan s_engineStart = TimeSpan.FromSeconds(8);

    public TimeSpan AllowedLateness => SealsAt - SealedUpto;

    /// <param name="now">Just before the engines start.</param>
    /// <param name="events">How many are sent first.</param>
    public static DemoTimeline Plan(DateTimeOffset now, int events)
    {
        DateTimeOffset sealsAt = now + s_engineStart + TimeSpan.FromSeconds((double)events / EventsPerSecond);
        DateTimeOffset before = sealsAt - s_span;
        DateTimeOffset boundary = new(before.Ticks - (before.Ticks % TimeSpan.TicksPerMinute), TimeSpan.Zero);
        return new DemoTimeline(boundary.AddMinutes(-1), boundary, sealsAt);
    }
}
