using Microsoft.AspNetCore.Http;

namespace Metering.BillingCore.Http;

/// <summary>Says whose catalogue and bills a request may see. The host adapts its authentication to it.</summary>
public interface ITenantResolver
{
    /// <returns>The tenant, or null when the request carries no valid credentials.</returns>
    ValueTask<string?> ResolveAsync(HttpContext context);
}
