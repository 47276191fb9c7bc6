using System.Collections.Frozen;

namespace Metering.Billing.Catalog;

/// <summary>A price of its own for each combination of one to three dimensions, each with its own tiers, allowance and bounds.</summary>
/// <param name="Dimensions">Names of the dimensions; a key has a value for each, in this order.</param>
/// <param name="Default">Prices the cells that are not listed. Null: usage in such a cell holds the draft back until somebody says what it costs.</param>
public sealed record MatrixPrice(IReadOnlyList<string> Dimensions, IReadOnlyList<MatrixCell> Cells, Component? Default) : Price
{
    private readonly FrozenDictionary<CellKey, Component> _byKey = Cells.DistinctBy(cell => cell.Key).ToFrozenDictionary(cell => cell.Key, cell => cell.Component);

    /// <summary>Null when the cell is not listed and there is no default.</summary>
    public Component? Find(CellKey key) => _byKey.GetValueOrDefault(key) ?? Default;
}

public sealed record MatrixCell(CellKey Key, Component Component);

/// <summary>The values of a cell, by dimension, in the order of the names.</summary>
public sealed class CellKey : IEquatable<CellKey>
{
    private readonly (string Dimension, string Value)[] _values;

    public CellKey(IEnumerable<KeyValuePair<string, string>> values) =>
        _values = [.. values.Select(one => (one.Key, one.Value)).OrderBy(one => one.Key, StringComparer.Ordinal)];

    /// <summary>Of a line that is not about a cell.</summary>
    public static CellKey None { get; } = new([]);

    public IReadOnlyList<(string Dimension, string Value)> Values => _values;

    public bool Equals(CellKey? other) => other is not null && _values.AsSpan().SequenceEqual(other._values);

    public override bool Equals(object? obj) => Equals(obj as CellKey);

    public override int GetHashCode()
    {
        HashCode hash = default;
        foreach ((string dimension, string value) in _values)
        {
            hash.Add(dimension);
            hash.Add(value);
        }

        return hash.ToHashCode();
    }

    public override string ToString() => string.Join(", ", _values.Select(one => $"{one.Dimension}={one.Value}"));
}
