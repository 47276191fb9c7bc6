using System.Text.Json;

namespace Metering.Host.Pricing;

/// <summary>A cell of a matrix in a word: its values, by dimension.</summary>
internal static class CellText
{
    public static string Of(JsonElement key) => string.Join(", ", key.EnumerateObject().Select(dimension => $"{dimension.Name}={dimension.Value.GetString()}"));
}
