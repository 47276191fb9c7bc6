using System.Text.Json;
using System.Text.Unicode;

namespace Metering.Query.DeadLetters;

/// <summary>Something that was not counted, its bytes and why.</summary>
internal sealed record DeadLetter
{
    public required int Part { get; init; }

    public required ulong Offset { get; init; }

    public required string Code { get; init; }

    public required string Message { get; init; }

    public required DateTimeOffset At { get; init; }

    public required string Source { get; init; }

    public required string Id { get; init; }

    public required byte[] Raw { get; init; }

    public DateTimeOffset? ReplayedAt { get; init; }

    public void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteNumber("part", Part);
        json.WriteNumber("off", Offset);
        json.WriteString("code", Code);
        json.WriteString("message", Message);
        json.WriteString("at", At.UtcDateTime);
        json.WriteString("source", Source);
        json.WriteString("id", Id);
        WriteRaw(json);
        json.WriteBoolean("replayed", ReplayedAt is not null);
        if (ReplayedAt is { } replayed)
        {
            json.WriteString("replayedAt", replayed.UtcDateTime);
        }

        json.WriteEndObject();
    }

    /// <summary>Text a person can read and repair where it is text; otherwise every byte all the same.</summary>
    private void WriteRaw(Utf8JsonWriter json)
    {
        if (Utf8.IsValid(Raw))
        {
            json.WriteString("raw", Raw);
        }
        else
        {
            json.WriteBase64String("rawBase64", Raw);
        }
    }
}
