using Microsoft.AspNetCore.Http;

namespace Metering.Query.Http;

/// <summary>Says whose data a request may see. The host adapts its authentication to it.</summary>
public interface ITenantResolver
{
    /// <returns>The tenant, or null when the request carries no valid credentials.</returns>
    ValueTask<string?> ResolveAsync(HttpContext context);
}

/// <summary>One tenant for everybody: for an installation without keys.</summary>
internal sealed class DefaultTenantResolver : ITenantResolver
{
    private const string Tenant = "default";

    public ValueTask<string?> ResolveAsync(HttpContext context) => ValueTask.FromResult<string?>(Tenant);
}
