namespace Metering.Host.Client;

/// <summary>A path with parameters, escaped.</summary>
internal sealed class Url(params IEnumerable<string> segments)
{
    private readonly List<string> _parameters = [];

    /// <summary>Adds the parameter unless it has no value.</summary>
    public Url With(string name, string? value)
    {
        if (!string.IsNullOrEmpty(value))
        {
            _parameters.Add($"{Uri.EscapeDataString(name)}={Uri.EscapeDataString(value)}");
        }

        return this;
    }

    public Url WithAll(string name, IEnumerable<string> values)
    {
        foreach (string value in values)
        {
            With(name, value);
        }

        return this;
    }

    public override string ToString()
    {
        string path = string.Join('/', segments.Select(Uri.EscapeDataString));
        return _parameters.Count == 0 ? path : $"{path}?{string.Join('&', _parameters)}";
    }
}
