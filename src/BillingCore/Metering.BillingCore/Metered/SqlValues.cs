using System.Globalization;

namespace Metering.BillingCore.Metered;

/// <summary>Collects the values of a ClickHouse statement as parameters, so that no value of a request is ever part of its text.</summary>
internal sealed class SqlValues
{
    private readonly List<(string Name, object Value)> _parameters = [];

    public IReadOnlyList<(string Name, object Value)> Parameters => _parameters;

    /// <returns>The placeholder to put into the SQL.</returns>
    public string Add(object value, string type)
    {
        string name = string.Create(CultureInfo.InvariantCulture, $"p{_parameters.Count}");
        _parameters.Add((name, value));
        return $"{{{name}:{type}}}";
    }

    public string Text(string value) => Add(value, "String");

    public string Texts(IEnumerable<string> values) => Add(values.ToArray(), "Array(String)");

    /// <summary>A whole minute.</summary>
    public string Minute(DateTimeOffset value) => $"toDateTime({Add(value.ToUnixTimeSeconds(), "Int64")}, 'UTC')";
}
