using System.ComponentModel.DataAnnotations;

namespace Metering.Aggregator;

/// <summary>How usage becomes windows. Durations are positive unless said otherwise.</summary>
public sealed class AggregatorOptions
{
    /// <summary>Bytes that the process may use: of the machine, or of its container.</summary>
    private static readonly long s_memory = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;

    /// <value>Who holds the leases. An owner of the same name takes them back at once after a restart, so it must be unique per process.</value>
    [Required]
    public string Owner { get; set; } = "metering";

    /// <value>How long a lease holds without renewal; a dead owner's partitions are taken over after it. Default 10 s.</value>
    [Range(typeof(TimeSpan), "00:00:02", "00:10:00")]
    public TimeSpan Lease { get; set; } = TimeSpan.FromSeconds(10);

    /// <value>How long records are gathered before a flush, which is most of the time from acknowledged to queryable. Default 250 ms.</value>
    [Range(typeof(TimeSpan), "00:00:00.010", "00:01:00")]
    public TimeSpan FlushInterval { get; set; } = TimeSpan.FromMilliseconds(250);

    /// <value>A flush is cut at this many records. Default 100,000.</value>
    [Range(1, 1_000_000)]
    public int FlushRecords { get; set; } = 100_000;

    /// <value>A flush is cut at this many bytes of records; what lies ahead stays in the log. Default 64 MiB; below 4 GiB of memory a 64th of it, because a flush takes several times its records.</value>
    [Range(1024, 512 * 1024 * 1024)]
    public int FlushBytes { get; set; } = (int)Math.Clamp(s_memory / 64, 1024 * 1024, 64 * 1024 * 1024);

    /// <value>How long an identity is remembered, and from what age on usage is history. Default 35 days.</value>
    [Range(typeof(TimeSpan), "00:01:00", "400.00:00:00")]
    public TimeSpan Horizon { get; set; } = TimeSpan.FromDays(35);

    /// <value>How long after a minute's end it may be sealed. Later usage is a correction in a later seal. Default 10 min.</value>
    [Range(typeof(TimeSpan), "00:00:00", "7.00:00:00")]
    public TimeSpan AllowedLateness { get; set; } = TimeSpan.FromMinutes(10);

    /// <value>How often the sealer looks whether a further minute can be sealed. Default 5 s.</value>
    [Range(typeof(TimeSpan), "00:00:00.100", "01:00:00")]
    public TimeSpan SealInterval { get; set; } = TimeSpan.FromSeconds(5);

    /// <value>A partition that was silent this long gets a tick, so that its clock advances. Default 1 s.</value>
    [Range(typeof(TimeSpan), "00:00:00.100", "00:01:00")]
    public TimeSpan TickInterval { get; set; } = TimeSpan.FromSeconds(1);

    /// <value>Ticks alone are flushed this seldom, because they change nothing but the clock. Default 10 s.</value>
    [Range(typeof(TimeSpan), "00:00:00.100", "00:10:00")]
    public TimeSpan TickFlushInterval { get; set; } = TimeSpan.FromSeconds(10);

    /// <value>How long a stopping process may take to flush what it has gathered; the rest is resent after the next start. Default 20 s.</value>
    [Range(typeof(TimeSpan), "00:00:00.010", "00:10:00")]
    public TimeSpan DrainDeadline { get; set; } = TimeSpan.FromSeconds(20);

    /// <value>How often new and changed meters are looked for. Default 500 ms.</value>
    [Range(typeof(TimeSpan), "00:00:00.050", "00:10:00")]
    public TimeSpan MeterPollInterval { get; set; } = TimeSpan.FromMilliseconds(500);

    /// <value>How often flush records are compared with the rows. Default 10 s.</value>
    [Range(typeof(TimeSpan), "00:00:00.100", "1.00:00:00")]
    public TimeSpan AuditInterval { get; set; } = TimeSpan.FromSeconds(10);

    /// <value>Identities kept in memory per partition, 48 bytes each, before they move to a file with a 2.25-byte filter each. Default 500,000; fewer below 768 MiB of memory.</value>
    [Range(1000, 50_000_000)]
    public int ActiveIdentities { get; set; } = (int)Math.Clamp(s_memory / 8 / (4 * 48), 1000, 500_000);

    /// <value>Where the dedup cache lies. It is only a cache: it may be deleted at any time.</value>
    [Required]
    public string CacheDirectory { get; set; } = "";

    /// <value>How long raw events are kept; null for ever. Must not be shorter than <see cref="Horizon"/>, because they are the dedup state.</value>
    public TimeSpan? RawRetention { get; set; }

    /// <value>How long dead letters are kept; null for ever.</value>
    public TimeSpan? DeadLetterRetention { get; set; }

    /// <value>Deltas that a seal has folded are dropped after this long. Default 2 h.</value>
    [Range(typeof(TimeSpan), "00:20:00", "30.00:00:00")]
    public TimeSpan DeltaRetention { get; set; } = TimeSpan.FromHours(2);

    /// <summary>
    /// Append times are only nearly monotone, so identities are kept this much longer than the horizon: a record stamped a little earlier than
    /// the newest one must still find every identity it is entitled to.
    /// </summary>
    internal static readonly TimeSpan AppendTimeSlack = TimeSpan.FromHours(1);

    /// <exception cref="ValidationException">A value, or two together, would break a promise.</exception>
    public void Validate()
    {
        Validator.ValidateObject(this, new ValidationContext(this), validateAllProperties: true);
        if (RawRetention < Horizon)
        {
            throw new ValidationException($"RawRetention ({RawRetention}) is shorter than Horizon ({Horizon}): raw events are the dedup state.");
        }
    }
}
