namespace Metering.Billing.Subscriptions;

/// <summary>Every instant that separates usage is a whole UTC minute, so that no minute window has to be cut.</summary>
public static class WholeMinute
{
    public static bool Is(DateTimeOffset instant) => instant.UtcTicks % TimeSpan.TicksPerMinute == 0;

    /// <summary>The minute that holds the instant.</summary>
    public static DateTimeOffset Of(DateTimeOffset instant) => new(instant.UtcTicks - (instant.UtcTicks % TimeSpan.TicksPerMinute), TimeSpan.Zero);

    /// <summary>What "now" means: this minute when it has just begun, otherwise the next one.</summary>
    public static DateTimeOffset From(DateTimeOffset now)
    {
        long over = now.UtcTicks % TimeSpan.TicksPerMinute;
        return new DateTimeOffset(over == 0 ? now.UtcTicks : now.UtcTicks - over + TimeSpan.TicksPerMinute, TimeSpan.Zero);
    }
}
