using System.Net.Http.Headers;

namespace Metering.LoadGenerator.Kafka;

/// <summary>What a load balancer does, and the key of the tenant that a request names.</summary>
internal sealed class RoadHandler(Func<string, Task<string>> createKey) : DelegatingHandler(new SocketsHttpHandler())
{
    private const string TenantHeader = "X-Metering-Tenant";

    private readonly Dictionary<string, string> _keys = [];

    public Uri? Query { get; set; }

    public Uri? Ingest { get; set; }

    public async Task<string> KeyAsync(string tenant) => _keys.TryGetValue(tenant, out string? key) ? key : _keys[tenant] = await createKey(tenant);

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        string tenant = request.Headers.GetValues(TenantHeader).Single();
        request.Headers.Remove(TenantHeader);
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", await KeyAsync(tenant));
        string path = request.RequestUri!.PathAndQuery;
        request.RequestUri = new Uri((path.StartsWith("/v1/events", StringComparison.Ordinal) ? Ingest : Query)!, path);
        return await base.SendAsync(request, cancellationToken);
    }
}
