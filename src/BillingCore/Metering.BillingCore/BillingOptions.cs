using System.ComponentModel.DataAnnotations;

namespace Metering.BillingCore;

/// <summary>Section <c>Billing</c>.</summary>
public sealed class BillingOptions
{
    public const string Section = "Billing";

    /// <summary>Longer bodies are refused with 413.</summary>
    [Range(1024, 64 << 20)]
    public int MaxBodyBytes { get; set; } = 4 << 20;
}
