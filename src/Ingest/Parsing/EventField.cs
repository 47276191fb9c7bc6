namespace Metering.Ingest.Parsing;

/// <summary>The top-level members of an event that mean something to us, as bits of "seen".</summary>
[Flags]
internal enum EventField
{
    Extension = 0,
    Id = 1,
    Source = 1 << 1,
    SpecVersion = 1 << 2,
    Type = 1 << 3,
    Subject = 1 << 4,
    Time = 1 << 5,
    DataContentType = 1 << 6,
    Data = 1 << 7,
    DataBase64 = 1 << 8,
}

internal static class EventFields
{
    public static EventField Of(ReadOnlySpan<byte> name) => name.Length switch
    {
        2 when name.SequenceEqual("id"u8) => EventField.Id,
        4 when name.SequenceEqual("type"u8) => EventField.Type,
        4 when name.SequenceEqual("time"u8) => EventField.Time,
        4 when name.SequenceEqual("data"u8) => EventField.Data,
        6 when name.SequenceEqual("source"u8) => EventField.Source,
        7 when name.SequenceEqual("subject"u8) => EventField.Subject,
        11 when name.SequenceEqual("specversion"u8) => EventField.SpecVersion,
        11 when name.SequenceEqual("data_base64"u8) => EventField.DataBase64,
        15 when name.SequenceEqual("datacontenttype"u8) => EventField.DataContentType,
        _ => EventField.Extension,
    };
}
