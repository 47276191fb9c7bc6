namespace Metering.Aggregator.Engine.Flushing;

/// <summary>The columns of each table in the order in which the engine writes them.</summary>
public static class Tables
{
    public const string Raw = "usage_raw";
    public const string DeadLetter = "dead_letter";
    public const string Delta = "usage_delta";

    public static readonly string[] RawColumns =
    [
        "tenant", "type", "subject", "time", "part", "off", "at", "id_hash", "target_hash", "payload_hash", "source", "id", "data", "attributes",
        "kind", "target_off", "born_void", "problem", "rounded", "key", "reason", "ver",
    ];

    public static readonly string[] DeadLetterColumns = ["part", "off", "code", "message", "at", "tenant", "source", "id", "raw"];

    public static readonly string[] DeltaColumns =
        ["tenant", "meter", "subject", "minute", "grp", "v", "vt", "vid", "kind", "part", "lo", "hi", "at", "s", "n"];
}
