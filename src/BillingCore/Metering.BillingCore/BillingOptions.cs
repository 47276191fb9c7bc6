using System.ComponentModel.DataAnnotations;

namespace Metering.BillingCore;

/// <summary>Section <c>Billing</c>.</summary>
public sealed class BillingOptions
{
    public const string Section = "Billing";

    /// <summary>Longer bodies are refused with 413.</summary>
    [Range(1024, 64 << 20)]
    public int MaxBodyBytes { get; set; } = 4 << 20;

    /// <summary>Time for one simulation. Beyond it: 422 with advice, because the same request takes as long again.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00")]
    public TimeSpan SimulationTimeout { get; set; } = TimeSpan.FromMinutes(2);

    /// <summary>How often the billing run looks for what is due.</summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "1.00:00:00")]
    public TimeSpan RunEvery { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Subscriptions billed in one transaction.</summary>
    [Range(1, 5_000)]
    public int RunBatch { get; set; } = 200;

    /// <summary>Transactions of the billing run at a time, of one process.</summary>
    [Range(1, 64)]
    public int RunWorkers { get; set; } = 2;

    /// <summary>After so long without complete usage, fees go on an invoice of their own: the allowed lateness and an hour.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "31.00:00:00")]
    public TimeSpan AdvanceWaits { get; set; } = TimeSpan.FromMinutes(70);

    /// <summary>A draft that is due for so long is warned of, once, with what holds it back.</summary>
    [Range(typeof(TimeSpan), "00:01:00", "365.00:00:00")]
    public TimeSpan AlertAfter { get; set; } = TimeSpan.FromHours(72);

    /// <summary>When a draft that cannot be priced is tried again.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "7.00:00:00")]
    public TimeSpan HeldAgain { get; set; } = TimeSpan.FromMinutes(15);

    /// <summary>Events of one customer that a simulation prices one by one. Beyond it the customer has no price, and the answer says why.</summary>
    [Range(1, 10_000_000)]
    public int MaxSimulatedEvents { get; set; } = 100_000;

    /// <summary>How long a first payment is waited for before the subscription expires.</summary>
    [Range(typeof(TimeSpan), "00:01:00", "365.00:00:00")]
    public TimeSpan FirstPaymentLapse { get; set; } = TimeSpan.FromHours(23);

    /// <summary>How often subscriptions are asked what is due. What is due is recorded at its own instant, however late it is found.</summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "01:00:00")]
    public TimeSpan ClockInterval { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>How often the outbox is asked for messages when there were none.</summary>
    [Range(typeof(TimeSpan), "00:00:00.01", "00:05:00")]
    public TimeSpan OutboxInterval { get; set; } = TimeSpan.FromMilliseconds(500);

    /// <summary>How long messages are kept after they were relayed.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "3650.00:00:00")]
    public TimeSpan OutboxRetention { get; set; } = TimeSpan.FromDays(7);

    /// <summary>After so long a silence, the owner of a job has lost it.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00")]
    public TimeSpan JobSilence { get; set; } = TimeSpan.FromMinutes(1);
}
