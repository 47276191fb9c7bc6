namespace Metering.Storage.Postgres.ApiKeys;

/// <summary>Whose key it is.</summary>
public interface IApiKeys
{
    /// <returns>The key's tenant; null when there is no such key or it was revoked.</returns>
    /// <exception cref="ApiKeysUnavailableException">It cannot be told now.</exception>
    ValueTask<string?> FindTenantAsync(string key, CancellationToken cancellationToken);
}

/// <summary>The store of API keys cannot be reached and the key is not known from before.</summary>
public sealed class ApiKeysUnavailableException(Exception inner) : Exception("API keys cannot be checked", inner);
