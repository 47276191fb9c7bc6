using System.Runtime.InteropServices;

namespace Metering.Simulation.ClickHouse;

/// <summary>
/// A ReplacingMergeTree: every row that was ever sent, and the rows that are left when equal keys collapse. A key that comes again with another
/// row is told, because rows are identities.
/// </summary>
internal sealed class Table<TKey, TRow>(Func<TRow, TKey> keyOf)
    where TKey : notnull
    where TRow : class
{
    private readonly List<TRow> _all = [];
    private readonly Dictionary<TKey, TRow> _final = [];

    /// <summary>Told of a row that replaces another one of its key.</summary>
    public Action<TRow, TRow>? Changed { get; set; }

    /// <summary>Whether reads say FINAL.</summary>
    public bool ReadsFinal { get; init; } = true;

    /// <summary>As a read sees them.</summary>
    public IEnumerable<TRow> Rows => ReadsFinal ? _final.Values : _all;

    /// <summary>Each key once, whatever reads say.</summary>
    public IReadOnlyCollection<TRow> Distinct => _final.Values;

    public void Insert(TRow row)
    {
        _all.Add(row);
        ref TRow? stored = ref CollectionsMarshal.GetValueRefOrAddDefault(_final, keyOf(row), out _);
        if (stored is not null && !stored.Equals(row))
        {
            Changed?.Invoke(stored, row);
        }

        stored = row;
    }

    public void Remove(Predicate<TRow> which)
    {
        _all.RemoveAll(which);
        foreach ((TKey key, TRow row) in _final)
        {
            if (which(row))
            {
                _final.Remove(key);
            }
        }
    }
}
