using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Npgsql;

namespace Metering.Storage.Postgres.ApiKeys;

public static class ApiKeyServices
{
    /// <summary>Adds <see cref="ApiKeyStore"/> and a cached <see cref="IApiKeys"/>. Needs an <see cref="NpgsqlDataSource"/>.</summary>
    public static IServiceCollection AddApiKeys(this IServiceCollection services)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<ApiKeyStore>();
        services.TryAddSingleton<IApiKeys>(provider => new ApiKeyCache(
            provider.GetRequiredService<ApiKeyStore>().FindTenantAsync, provider.GetRequiredService<TimeProvider>()));
        return services;
    }
}
