using Metering.Embedded.ClickHouse;
using Metering.Embedded.Postgres;

namespace Metering.Embedded.Tests;

/// <summary>A process that starts both engines, says where they are, and waits to be killed.</summary>
internal static class ParentToKill
{
    public static async Task<int> RunAsync(string[] args)
    {
        await using EmbeddedClickHouse clickHouse = await Engines.ClickHouseAsync(Path.Combine(args[0], "clickhouse"));
        await using EmbeddedPostgres postgres = await Engines.PostgresAsync(Path.Combine(args[0], "postgres"));
        Console.WriteLine($"{clickHouse.ProcessId} {postgres.ProcessId} {clickHouse.Endpoint.Port} {postgres.Endpoint.Port}");
        await Task.Delay(Timeout.Infinite);
        return 0;
    }
}
