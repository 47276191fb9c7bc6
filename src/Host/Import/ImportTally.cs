namespace Metering.Host.Import;

/// <param name="Line">Where the row starts in the file.</param>
internal readonly record struct RefusedRow(long Line, string Reason);

/// <summary>What has become of the rows so far. Safe for concurrent use.</summary>
internal sealed class ImportTally : IDisposable
{
    public const int Shown = 10;

    private readonly Lock _lock = new();
    private readonly List<RefusedRow> _first = [];
    private readonly StreamWriter? _rejects;
    private long _accepted;
    private long _refused;

    /// <param name="rejects">A file that gets the refused rows as they were; null for none.</param>
    /// <param name="header">Its first line; null for none.</param>
    /// <param name="append">Whether it goes on where an earlier import stopped.</param>
    public ImportTally(string? rejects, string? header, bool append)
    {
        bool isNew = rejects is null || !append || !File.Exists(rejects);
        _rejects = rejects is null ? null : new StreamWriter(rejects, append: !isNew);
        if (isNew && header is not null)
        {
            _rejects?.WriteLine(header);
        }
    }

    public long Accepted => Interlocked.Read(ref _accepted);

    public long Refused => Interlocked.Read(ref _refused);

    /// <summary>The first refused rows by line.</summary>
    public IReadOnlyList<RefusedRow> First()
    {
        lock (_lock)
        {
            return [.. _first.OrderBy(row => row.Line)];
        }
    }

    public void Accept(int rows) => Interlocked.Add(ref _accepted, rows);

    public void Refuse(long line, string raw, string reason)
    {
        Interlocked.Increment(ref _refused);
        lock (_lock)
        {
            _rejects?.WriteLine(raw);
            _first.Add(new RefusedRow(line, reason));
            if (_first.Count > 2 * Shown)
            {
                _first.Sort((one, other) => one.Line.CompareTo(other.Line));
                _first.RemoveRange(Shown, _first.Count - Shown);
            }
        }
    }

    /// <summary>What an earlier import had done before it stopped.</summary>
    public void Restore(long accepted, long refused)
    {
        _accepted = accepted;
        _refused = refused;
    }

    public void Flush()
    {
        lock (_lock)
        {
            _rejects?.Flush();
        }
    }

    public void Dispose() => _rejects?.Dispose();
}
