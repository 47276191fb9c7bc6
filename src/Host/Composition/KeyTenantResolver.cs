using Metering.Host.Settings;
using Metering.Storage.Postgres.ApiKeys;

namespace Metering.Host.Composition;

/// <summary>The tenant whose usage and bills a request may see: by the same keys that send usage.</summary>
internal sealed class KeyTenantResolver(IApiKeys keys, MeteringSettings settings) : Query.Http.ITenantResolver, BillingCore.Http.ITenantResolver
{
    private const string Bearer = "Bearer ";
    private const string DefaultTenant = "default";

    public async ValueTask<string?> ResolveAsync(HttpContext context)
    {
        string authorization = context.Request.Headers.Authorization.ToString();
        string key = authorization.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase)
            ? authorization[Bearer.Length..].Trim()
            : context.Request.Headers["X-API-Key"].ToString().Trim();
        if (key.Length > 0)
        {
            return await keys.FindTenantAsync(key, context.RequestAborted);
        }

        string chosen = context.Request.Headers["X-Metering-Tenant"].ToString();
        return settings.RequireApiKey || authorization.Length > 0 ? null : chosen.Length > 0 ? chosen : DefaultTenant;
    }
}
