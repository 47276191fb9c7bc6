using System.Text.Json;
using Metering.Contracts;

namespace Metering.Ingest.Parsing;

/// <summary>One event while it is read: the text, the place in it, and what has been found.</summary>
internal ref struct EventCursor
{
    public ReadOnlySpan<byte> Text;
    public Utf8JsonReader Reader;
    public UsageRecord Record;
    public EventField Seen;
    public ulong DataHash;
}
