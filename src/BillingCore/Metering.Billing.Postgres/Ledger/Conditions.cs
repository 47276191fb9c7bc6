namespace Metering.Billing.Postgres.Ledger;

/// <summary>The conditions of a query, each with its values as positional parameters.</summary>
internal sealed class Conditions
{
    private readonly List<object?> _values = [];
    private readonly List<string> _conditions = [];

    public ReadOnlySpan<object?> Values => _values.ToArray();

    /// <summary>A parameter: <c>$1</c>, <c>$2</c> …</summary>
    public string Value(object value)
    {
        _values.Add(value);
        return FormattableString.Invariant($"${_values.Count}");
    }

    public void Add(string condition) => _conditions.Add(condition);

    public override string ToString() => string.Join(" and ", _conditions);
}
