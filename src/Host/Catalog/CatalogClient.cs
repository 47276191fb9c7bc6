using System.Globalization;
using System.Text;
using System.Text.Json;
using Metering.Host.Client;
using Metering.Host.Settings;

namespace Metering.Host.Catalog;

/// <summary>The catalogue of a server, as one document.</summary>
internal sealed class CatalogClient(MeteringClient server)
{
    private const int Unprocessable = 422;

    /// <exception cref="ServerException">Refused, or no answer.</exception>
    public Task<JsonDocument> ExportAsync(CancellationToken cancellationToken) => server.GetAsync("v1/catalog", cancellationToken);

    /// <exception cref="SettingsException">The server refuses what the file says; the message has the places.</exception>
    /// <inheritdoc cref="ExportAsync"/>
    public Task<JsonDocument> PlanAsync(YamlCatalog catalog, CancellationToken cancellationToken) => PostAsync("v1/catalog/plan", catalog, cancellationToken);

    /// <param name="version">That the plan was made against.</param>
    /// <inheritdoc cref="PlanAsync"/>
    public Task<JsonDocument> ApplyAsync(YamlCatalog catalog, long version, CancellationToken cancellationToken) =>
        PostAsync(new Url("v1", "catalog", "apply").With("expected_version", version.ToString(CultureInfo.InvariantCulture)).ToString(), catalog, cancellationToken);

    private async Task<JsonDocument> PostAsync(string path, YamlCatalog catalog, CancellationToken cancellationToken)
    {
        using HttpRequestMessage request = new(HttpMethod.Post, path) { Content = new StringContent(catalog.Json, Encoding.UTF8, "application/json") };
        using HttpResponseMessage response = await server.SendAsync(request, cancellationToken);
        string text = await response.Content.ReadAsStringAsync(cancellationToken);
        using JsonDocument? answer = Problems.TryParse(text);
        if (response.IsSuccessStatusCode && answer is not null)
        {
            return JsonDocument.Parse(text);
        }

        throw (int)response.StatusCode == Unprocessable && answer?.RootElement.TryGetProperty("errors", out JsonElement errors) == true
            ? new SettingsException(Located(errors, catalog))
            : Problems.Refusal(response, text);
    }

    private static string Located(JsonElement errors, YamlCatalog catalog)
    {
        IEnumerable<string> lines = errors.EnumerateArray().Select(error =>
            $"{catalog.Locate(JsonText.Member(error, "path"))}: {JsonText.Member(error, "path")}: {JsonText.Member(error, "reason")}");
        return $"the server refuses the catalogue:\n  {string.Join("\n  ", lines)}";
    }
}
