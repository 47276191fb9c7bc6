using Metering.Ingest.Telemetry;
using Metering.Ingest.Validation;
using Metering.Storage.Postgres.ApiKeys;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Metering.Ingest.Authentication;

/// <param name="Tenant">Who sends; null when refused.</param>
/// <param name="Problem">Why it is refused.</param>
internal readonly record struct AuthenticationResult(Tenant? Tenant, Problem Problem);

/// <summary>
/// The tenant of a request, from <c>Authorization: Bearer</c> or <c>X-API-Key</c>. A key that is given is checked even where none is needed:
/// a mistyped key must not send usage to the default tenant.
/// </summary>
internal sealed class Authenticator(IApiKeys keys, IOptions<IngestOptions> options, ILogger<Authenticator> log)
{
    private const string KeyHeader = "X-API-Key";
    private const string TenantHeader = "X-Metering-Tenant";
    private const string Bearer = "Bearer ";

    private static readonly Problem s_required = new(Codes.Unauthorized, "an API key is required: Authorization: Bearer <key>");
    private static readonly Problem s_unknown = new(Codes.Unauthorized, "the API key is not known");
    private static readonly Problem s_scheme = new(Codes.Unauthorized, "the Authorization header must be: Bearer <key>");
    private static readonly Problem s_unavailable = new(Codes.KeysUnavailable, "API keys cannot be checked now; send the batch again");
    private static readonly Problem s_tenant =
        new(Codes.InvalidTenant, "X-Metering-Tenant must be 1 to 128 characters of A-Z, a-z, 0-9, '-', '_' and '.'");

    private readonly bool _required = options.Value.RequireApiKey;

    public async ValueTask<AuthenticationResult> AuthenticateAsync(IHeaderDictionary headers, CancellationToken cancellationToken)
    {
        if (!TryFindKey(headers, out string? key))
        {
            return new AuthenticationResult(null, s_scheme);
        }

        if (key is null)
        {
            return _required ? new AuthenticationResult(null, s_required) : WithoutKey(headers);
        }

        try
        {
            string? tenant = await keys.FindTenantAsync(key, cancellationToken).ConfigureAwait(false);
            return tenant is null ? new AuthenticationResult(null, s_unknown) : new AuthenticationResult(new Tenant(tenant), Problem.None);
        }
        catch (ApiKeysUnavailableException error)
        {
            log.KeysUnavailable(error);
            return new AuthenticationResult(null, s_unavailable);
        }
    }

    private static AuthenticationResult WithoutKey(IHeaderDictionary headers)
    {
        string name = headers[TenantHeader].ToString();
        if (name.Length == 0)
        {
            return new AuthenticationResult(Tenant.Default, Problem.None);
        }

        return Tenant.IsName(name) ? new AuthenticationResult(new Tenant(name), Problem.None) : new AuthenticationResult(null, s_tenant);
    }

    /// <returns>False when there is an Authorization header that holds no key.</returns>
    private static bool TryFindKey(IHeaderDictionary headers, out string? key)
    {
        key = null;
        string authorization = headers.Authorization.ToString();
        if (authorization.Length > 0)
        {
            bool bearer = authorization.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase);
            key = bearer ? authorization[Bearer.Length..].Trim() : null;
            return !string.IsNullOrEmpty(key);
        }

        string plain = headers[KeyHeader].ToString().Trim();
        key = plain.Length > 0 ? plain : null;
        return true;
    }
}
