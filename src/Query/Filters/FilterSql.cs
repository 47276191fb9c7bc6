using System.Globalization;

namespace Metering.Query.Filters;

/// <summary>Collects the values of a statement as parameters, so that no value of a request is ever part of its text.</summary>
internal sealed class FilterSql
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

    /// <summary>To 100 ns, as the tables keep event times.</summary>
    public string Instant(DateTimeOffset value) =>
        $"toDateTime64({Text(value.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss.fffffff", CultureInfo.InvariantCulture))}, 7, 'UTC')";

    public void AddNamed(IEnumerable<(string Name, object Value)> parameters) => _parameters.AddRange(parameters);
}
