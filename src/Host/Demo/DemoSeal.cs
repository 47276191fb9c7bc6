using System.Text.Json;
using Metering.Host.Client;

namespace Metering.Host.Demo;

/// <summary>The newest seal.</summary>
internal readonly record struct DemoSeal(long Number, DateTimeOffset Upto)
{
    public static async Task<DemoSeal> ReadAsync(MeteringClient client, CancellationToken cancellationToken)
    {
        using JsonDocument seals = await client.GetAsync("v1/seals?limit=1", cancellationToken);
        JsonElement items = seals.RootElement.GetProperty("items");
        return items.GetArrayLength() == 0
            ? new DemoSeal(0, DateTimeOffset.MinValue)
            : new DemoSeal(items[0].GetProperty("sealNo").GetInt64(), items[0].GetProperty("upto").GetDateTimeOffset());
    }
}
