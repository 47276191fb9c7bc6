namespace Metering.EndToEnd.Tests.Load;

/// <summary>What a sender sends.</summary>
internal sealed record EventMix
{
    /// <summary>Whether events are voided and amended too.</summary>
    public bool Corrections { get; init; } = true;

    /// <summary>Whether events of more than a month ago come too.</summary>
    public bool History { get; init; } = true;

    /// <summary>The share of events that were sent before, from 0 to 1.</summary>
    public double Copies { get; init; } = 0.1;

    /// <summary>Whether a batch whose outcome is not known is sent again.</summary>
    public bool Again { get; init; } = true;

    /// <summary>Whether everything is there twice in its batch.</summary>
    public bool Twice { get; init; }

    /// <summary>The share of events that come late, from 0 to 1; the others are of this moment.</summary>
    public double Late { get; init; } = 1;

    /// <summary>How late they come at most.</summary>
    public TimeSpan LateBy { get; init; } = TimeSpan.FromMinutes(90);
}
