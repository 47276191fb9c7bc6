namespace Metering.Host.Import;

/// <summary>A value of a row.</summary>
/// <param name="Text">What a person would read; null when it is neither text nor number.</param>
/// <param name="Json">How it is written in JSON; null for text that came from CSV.</param>
internal readonly record struct Cell(string Name, string? Text, string? Json);

/// <summary>A row as it was read.</summary>
/// <param name="Line">Where it starts, from 1.</param>
/// <param name="Raw">Its text, without the line end.</param>
/// <param name="Problem">Why it cannot be read; null when it can.</param>
internal sealed record SourceRow(long Line, string Raw, IReadOnlyList<Cell> Cells, string? Problem)
{
    public Cell? Find(string column)
    {
        foreach (Cell cell in Cells)
        {
            if (cell.Name == column)
            {
                return cell;
            }
        }

        return null;
    }
}

/// <summary>A file of rows, read once from front to back.</summary>
internal interface IRowSource : IDisposable
{
    /// <summary>What a file of refused rows begins with, so that it can be imported in its turn; null when nothing.</summary>
    string? Header { get; }

    /// <summary>The columns, when the file names them ahead of the rows.</summary>
    IReadOnlyList<string>? Columns { get; }

    long Position { get; }

    long Length { get; }

    /// <exception cref="ImportException">The rest of the file cannot be read.</exception>
    SourceRow? Read();
}
