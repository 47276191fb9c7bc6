using Metering.Storage.Postgres.ApiKeys;

namespace Metering.Ingest.Tests.Support;

internal sealed class FakeApiKeys : IApiKeys
{
    public const string GoodKey = "mtr_good";

    public bool Down { get; set; }

    public ValueTask<string?> FindTenantAsync(string key, CancellationToken cancellationToken) =>
        Down ? throw new ApiKeysUnavailableException(new IOException("down")) : ValueTask.FromResult(key == GoodKey ? "acme" : null);
}
