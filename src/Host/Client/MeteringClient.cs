using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;

namespace Metering.Host.Client;

/// <summary>One server over HTTP. Answers are JSON; problems become a <see cref="ServerException"/> of one sentence. Safe for concurrent use.</summary>
internal sealed class MeteringClient : IDisposable
{
    private readonly HttpClient _http;

    public MeteringClient(Uri server, string? apiKey, string? tenant)
    {
        // A week: long answers (a whole audit) end when they are done, or with the command.
        _http = new HttpClient(new SocketsHttpHandler { ConnectTimeout = TimeSpan.FromSeconds(10) }) { BaseAddress = server, Timeout = TimeSpan.FromDays(7) };
        _http.DefaultRequestHeaders.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
        if (apiKey is not null)
        {
            _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", apiKey);
        }

        if (tenant is not null)
        {
            _http.DefaultRequestHeaders.TryAddWithoutValidation("X-Metering-Tenant", tenant);
        }
    }

    public string Server => _http.BaseAddress!.ToString().TrimEnd('/');

    /// <exception cref="ServerException">Refused, or no answer.</exception>
    public Task<JsonDocument> GetAsync(string path, CancellationToken cancellationToken) => JsonAsync(HttpMethod.Get, path, null, cancellationToken);

    /// <inheritdoc cref="GetAsync"/>
    public Task<JsonDocument> PostAsync(string path, string? json, CancellationToken cancellationToken) =>
        JsonAsync(HttpMethod.Post, path, json is null ? null : new StringContent(json, Encoding.UTF8, "application/json"), cancellationToken);

    /// <inheritdoc cref="GetAsync"/>
    public Task<JsonDocument> PutAsync(string path, string json, CancellationToken cancellationToken) =>
        JsonAsync(HttpMethod.Put, path, new StringContent(json, Encoding.UTF8, "application/json"), cancellationToken);

    /// <inheritdoc cref="GetAsync"/>
    public async Task DeleteAsync(string path, CancellationToken cancellationToken) => (await JsonAsync(HttpMethod.Delete, path, null, cancellationToken)).Dispose();

    /// <summary>The answer's body as it came, in the wanted format.</summary>
    /// <inheritdoc cref="GetAsync"/>
    public async Task<string> GetTextAsync(string path, string mediaType, CancellationToken cancellationToken)
    {
        using HttpRequestMessage request = new(HttpMethod.Get, path.TrimStart('/'));
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue(mediaType));
        using HttpResponseMessage response = await SendAsync(request, cancellationToken);
        string text = await response.Content.ReadAsStringAsync(cancellationToken);
        return response.IsSuccessStatusCode ? text : throw Problems.Refusal(response, text);
    }

    /// <summary>The answer whatever its status.</summary>
    /// <exception cref="ServerException">No answer.</exception>
    public Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
        SendAsync(request, HttpCompletionOption.ResponseContentRead, cancellationToken);

    private async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, HttpCompletionOption completion, CancellationToken cancellationToken)
    {
        try
        {
            return await _http.SendAsync(request, completion, cancellationToken);
        }
        catch (HttpRequestException problem)
        {
            throw new ServerException(
                $"{Server} does not answer ({problem.InnerException?.Message ?? problem.Message}). Start one with 'metering up', or name another with --server.", null);
        }
    }

    /// <summary>An answer that is read as it comes.</summary>
    /// <inheritdoc cref="GetAsync"/>
    public async Task<HttpResponseMessage> StreamAsync(string path, CancellationToken cancellationToken)
    {
        using HttpRequestMessage request = new(HttpMethod.Get, path.TrimStart('/'));
        HttpResponseMessage response = await SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        if (response.IsSuccessStatusCode)
        {
            return response;
        }

        using (response)
        {
            throw Problems.Refusal(response, await response.Content.ReadAsStringAsync(cancellationToken));
        }
    }

    public void Dispose() => _http.Dispose();

    private async Task<JsonDocument> JsonAsync(HttpMethod method, string path, HttpContent? content, CancellationToken cancellationToken)
    {
        using HttpRequestMessage request = new(method, path.TrimStart('/')) { Content = content };
        using HttpResponseMessage response = await SendAsync(request, cancellationToken);
        string text = await response.Content.ReadAsStringAsync(cancellationToken);
        if (!response.IsSuccessStatusCode)
        {
            throw Problems.Refusal(response, text);
        }

        return Problems.TryParse(text.Length == 0 ? "null" : text) ?? throw new ServerException($"{Server}/{path.TrimStart('/')} answered something else than JSON: is it a metering server?", null);
    }
}
