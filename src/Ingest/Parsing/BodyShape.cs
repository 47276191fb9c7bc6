namespace Metering.Ingest.Parsing;

/// <summary>How the elements stand in a body.</summary>
internal enum BodyShape
{
    /// <summary>An array of objects or one object, whichever it is.</summary>
    Either,

    Single,

    Array,

    /// <summary>One object a line; empty lines are skipped.</summary>
    Lines,
}
