using Metering.EventLog;
using Metering.Ingest.Validation;

namespace Metering.Ingest.Parsing;

/// <summary>Turns one element of a body (an event, a correction) into one record of a batch.</summary>
internal interface IElementEncoder
{
    /// <param name="text">Valid UTF-8 that starts with the element.</param>
    /// <param name="context">What all elements of the body have in common.</param>
    /// <param name="exact">The text must be the element and nothing else.</param>
    /// <param name="records">Gets one record when there is no problem, and none otherwise.</param>
    /// <param name="length">How much of the text the element is, when there is no problem.</param>
    Problem Encode(ReadOnlySpan<byte> text, in BatchContext context, bool exact, AppendBatch records, out int length);
}

/// <summary>What all events of one request have in common.</summary>
/// <param name="Tenant">UTF-8.</param>
/// <param name="NowTicks">The clock when the body had been read: .NET ticks, UTC.</param>
/// <param name="Partitions">Of the topic.</param>
/// <param name="Form">What an event must have.</param>
internal readonly record struct BatchContext(byte[] Tenant, long NowTicks, int Partitions, EventForm Form);
