namespace Metering.Host.Import;

/// <summary>How rows of a file become events.</summary>
internal sealed record ImportSettings
{
    public required string File { get; init; }

    public required bool IsCsv { get; init; }

    public char Delimiter { get; init; } = ',';

    /// <summary>Null: the lines of an NDJSON file are events already and are sent as they are.</summary>
    public string? Type { get; init; }

    public string Source { get; init; } = "import";

    public string? SubjectColumn { get; init; }

    public string? Subject { get; init; }

    public string? TimeColumn { get; init; }

    public string? TimeFormat { get; init; }

    /// <summary>Null derives the id from the row's content.</summary>
    public string? IdColumn { get; init; }

    /// <summary>Empty takes every column that has no other use.</summary>
    public IReadOnlyList<DataColumn> Data { get; init; } = [];

    public FilePart Part { get; init; } = FilePart.Whole;

    public int Parallel { get; init; } = 4;

    public int BatchRows { get; init; } = 1000;

    /// <summary>Where the rows go that were refused, in the form they had.</summary>
    public string? Rejects { get; init; }

    public bool Resume { get; init; }

    /// <summary>Everything that decides what is sent: progress of another mapping is not progress of this one.</summary>
    public string Describe() =>
        string.Join('|', IsCsv, Delimiter, Type, Source, SubjectColumn, Subject, TimeColumn, TimeFormat, IdColumn, string.Join(',', Data), Part);
}

/// <summary>The file or the way to read it is unusable; the message says where and what would do.</summary>
internal sealed class ImportException(string message) : Exception(message);
