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

    /// <summary>Events of one customer that a simulation prices one by one. Beyond it the customer has no price, and the answer says why.</summary>
    [Range(1, 10_000_000)]
    public int MaxSimulatedEvents { get; set; } = 100_000;
}
