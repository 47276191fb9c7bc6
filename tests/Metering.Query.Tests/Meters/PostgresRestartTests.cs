using Metering.Query.Tests.Testing;
using Metering.Storage.Postgres;
using Npgsql;
using Xunit;

namespace Metering.Query.Tests.Meters;

public sealed class PostgresRestartTests(Engines engines)
{
    /// <summary>What a restart of PostgreSQL does to a pool: every connection in it is broken, and looks whole.</summary>
    [Fact]
    public async Task A_restart_of_PostgreSQL_fails_no_query()
    {
        string name = $"restart-{Guid.NewGuid():N}";
        await using PostgresDatabase own = new(new NpgsqlConnectionStringBuilder(engines.PostgresConnection) { ApplicationName = name }.ConnectionString);
        await using QueryHost host = await QueryHost.StartAsync(engines, own);
        await host.CreateMeterAsync(engines, "tokens", "SUM");
        await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => host.GetAsync("/api/v1/meters/tokens/query")));

        await using NpgsqlCommand kill = engines.Postgres.Source.CreateCommand("select count(pg_terminate_backend(pid)) from pg_stat_activity where application_name = $1");
        kill.Parameters.Add(new() { Value = name });
        Assert.True((long)(await kill.ExecuteScalarAsync(TestContext.Current.CancellationToken))! > 1);

        for (int i = 0; i < 20; i++)
        {
            Assert.Equal(200, (await host.SendAsync("GET", "/api/v1/meters/tokens/query")).Status);
        }
    }
}
