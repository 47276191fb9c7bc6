using System.Globalization;

namespace Metering.LoadGenerator;

/// <summary>ClickHouse over its HTTP interface. Safe for concurrent use.</summary>
internal sealed class SqlClient(Uri clickHouse) : IDisposable
{
    private readonly HttpClient _http = new() { BaseAddress = clickHouse, Timeout = TimeSpan.FromMinutes(10) };

    /// <exception cref="IOException">The statement fails; the message is the server's.</exception>
    public Task ExecuteAsync(string sql, CancellationToken cancellationToken) => SendAsync("/?database=metering", new StringContent(sql), cancellationToken);

    /// <param name="insert">The statement up to its format.</param>
    /// <param name="rows">In that format.</param>
    /// <param name="cancellationToken">Gives up waiting for the answer.</param>
    /// <inheritdoc cref="ExecuteAsync"/>
    public Task InsertAsync(string insert, ReadOnlyMemory<byte> rows, CancellationToken cancellationToken) =>
        SendAsync($"/?database=metering&query={Uri.EscapeDataString(insert)}", new ReadOnlyMemoryContent(rows), cancellationToken);

    /// <summary>The one whole number that the statement answers.</summary>
    /// <inheritdoc cref="ExecuteAsync"/>
    public async Task<long> ScalarAsync(string sql, CancellationToken cancellationToken) =>
        long.Parse(await SendAsync("/?database=metering", new StringContent(sql), cancellationToken), CultureInfo.InvariantCulture);

    public void Dispose() => _http.Dispose();

    private async Task<string> SendAsync(string address, HttpContent body, CancellationToken cancellationToken)
    {
        using HttpResponseMessage response = await _http.PostAsync(new Uri(address, UriKind.Relative), body, cancellationToken);
        string text = await response.Content.ReadAsStringAsync(cancellationToken);
        return response.IsSuccessStatusCode ? text : throw new IOException(text);
    }
}
