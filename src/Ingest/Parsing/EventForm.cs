namespace Metering.Ingest.Parsing;

/// <summary>Where an event stands, which decides what it must have.</summary>
internal enum EventForm
{
    /// <summary>On our own endpoints: <c>specversion</c> may be left out.</summary>
    Native,

    /// <summary>On the OpenMeter endpoint: <c>specversion</c> is required, as CloudEvents says.</summary>
    OpenMeter,

    /// <summary>
    /// The new version in an amendment. The identity is the target's and may be left out; <c>time</c> is required, because "now" would
    /// move the event, and would make every retry another amendment.
    /// </summary>
    Amendment,
}
