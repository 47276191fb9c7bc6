using System.Globalization;
using System.Text;

namespace Metering.Host.Import;

/// <summary>The rows of a CSV file with a header.</summary>
internal sealed class CsvRows : IRowSource
{
    private static readonly UTF8Encoding s_strictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly FileStream _file;
    private readonly StreamReader _text;
    private readonly CsvReader _records;
    private readonly string _name;
    private readonly string[] _columns;

    /// <exception cref="ImportException">There is no header, or a column appears twice.</exception>
    public CsvRows(string path, char delimiter)
    {
        _name = path;
        _file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 16, FileOptions.SequentialScan);
        _text = new StreamReader(_file, s_strictUtf8);
        _records = new CsvReader(_text, delimiter);
        _columns = ReadRecord() ? [.. _records.Fields] : throw new ImportException($"{path} is empty: expected a line with the names of the columns.");
        Header = _records.Raw;
        if (_columns.GroupBy(column => column).FirstOrDefault(same => same.Count() > 1) is { } twice)
        {
            throw new ImportException($"{path}: the column '{twice.Key}' appears twice in the header.");
        }
    }

    public string? Header { get; }

    public IReadOnlyList<string> Columns => _columns;

    public long Position => _file.Position;

    public long Length => _file.Length;

    public SourceRow? Read() => ReadRecord() ? new SourceRow(_records.Line, _records.Raw, Cells(), Problem()) : null;

    public void Dispose() => _text.Dispose();

    private bool ReadRecord()
    {
        try
        {
            return _records.Read();
        }
        catch (ImportException problem)
        {
            throw new ImportException($"{_name}, {problem.Message}");
        }
        catch (DecoderFallbackException)
        {
            throw new ImportException($"{_name}, near line {_records.Line}: not UTF-8. Convert it first, for example with 'iconv -f latin1 -t utf-8'.");
        }
    }

    private Cell[] Cells()
    {
        Cell[] cells = new Cell[Math.Min(_records.Fields.Count, _columns.Length)];
        for (int i = 0; i < cells.Length; i++)
        {
            cells[i] = new Cell(_columns[i], _records.Fields[i], null);
        }

        return cells;
    }

    private string? Problem() =>
        _records.IsMalformed ? "a quote is in the wrong place, or not closed"
        : _records.Fields.Count != _columns.Length ? string.Create(CultureInfo.InvariantCulture, $"{_records.Fields.Count} fields, but the header has {_columns.Length}")
        : null;
}
