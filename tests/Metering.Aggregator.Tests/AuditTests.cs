using Metering.Aggregator.Auditing;
using Metering.Aggregator.Engine.Meters;
using Metering.Aggregator.Tests.Harness;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Metering.Aggregator.Tests;

/// <summary>An audit that cannot fail proves nothing: each kind of damage must be found, and named.</summary>
public sealed class AuditTests(Engines engines)
{
    [Theory]
    [InlineData("ALTER TABLE usage_raw DELETE WHERE id = 'e3'", "raw events")]
    [InlineData("INSERT INTO usage_raw SELECT * REPLACE('fake' AS id, off + 1 AS off) FROM usage_raw LIMIT 1", "raw events")]
    [InlineData("INSERT INTO usage_raw SELECT * REPLACE(reverse(id_hash)::FixedString(16) AS id_hash, 1 AS ver) FROM usage_raw WHERE id = 'e3'", "checksum of identities")]
    [InlineData("ALTER TABLE dead_letter DELETE WHERE 1", "dead letters")]
    [InlineData("ALTER TABLE flush_log DELETE WHERE flush_no = 2", "flush records")]
    [InlineData("ALTER TABLE usage_window DELETE WHERE subject = 'acme'", "window default/total/acme")]
    [InlineData("INSERT INTO usage_window SELECT * REPLACE(s + 1 AS s, 'repair' AS kind) FROM usage_window LIMIT 1", "window default/total")]
    public async Task Damage_is_found_and_named(string damage, string named)
    {
        await using Pipeline pipeline = await SealedAsync();
        Assert.Empty((await pipeline.AuditAsync()).Findings);

        await pipeline.ClickHouse.ExecuteAsync(damage + (damage.StartsWith("ALTER", StringComparison.Ordinal) ? " SETTINGS mutations_sync = 2" : ""), default);

        AuditReport audit = await pipeline.AuditAsync();
        Assert.Contains(audit.Findings, finding => finding.Contains(named, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_repair_adds_what_is_missing_and_says_so()
    {
        await using Pipeline pipeline = await SealedAsync();
        string[] before = await pipeline.RowsAsync("SELECT meter, subject, minute, value FROM usage_by_minute ORDER BY ALL");
        await pipeline.ClickHouse.ExecuteAsync("ALTER TABLE usage_window DELETE WHERE subject = 'acme' SETTINGS mutations_sync = 2", default);
        Assert.NotEqual(before, await pipeline.RowsAsync("SELECT meter, subject, minute, value FROM usage_by_minute ORDER BY ALL"));

        Assert.NotEqual(0, await pipeline.Services.GetRequiredService<Auditor>().RepairAsync(default));
        await pipeline.SettleAsync();

        Assert.Equal(before, await pipeline.RowsAsync("SELECT meter, subject, minute, value FROM usage_by_minute ORDER BY ALL"));
        Assert.Empty((await pipeline.AuditAsync()).Findings);
    }

    /// <summary>Windows are made to agree with the raw events, so these have to be whole: else the repair would take away usage that is only missing there.</summary>
    [Fact]
    public async Task A_repair_refuses_while_raw_events_are_missing()
    {
        await using Pipeline pipeline = await SealedAsync();
        string[] before = await pipeline.RowsAsync("SELECT meter, subject, minute, value FROM usage_by_minute ORDER BY ALL");
        await pipeline.ClickHouse.ExecuteAsync("ALTER TABLE usage_raw DELETE WHERE id = 'e3' SETTINGS mutations_sync = 2", default);

        RepairRefusedException refused = await Assert.ThrowsAsync<RepairRefusedException>(() => pipeline.Services.GetRequiredService<Auditor>().RepairAsync(default));
        Assert.Contains("raw events", refused.Message, StringComparison.Ordinal);
        Assert.Equal(before, await pipeline.RowsAsync("SELECT meter, subject, minute, value FROM usage_by_minute ORDER BY ALL"));
    }

    [Fact]
    public async Task A_repair_asked_for_twice_is_made_once()
    {
        await using Pipeline pipeline = await SealedAsync();
        string[] before = await pipeline.RowsAsync("SELECT meter, subject, minute, value FROM usage_by_minute ORDER BY ALL");
        await pipeline.ClickHouse.ExecuteAsync("ALTER TABLE usage_window DELETE WHERE subject = 'acme' SETTINGS mutations_sync = 2", default);

        Auditor auditor = pipeline.Services.GetRequiredService<Auditor>();
        int?[] repairs = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => auditor.RepairAsync(default)));
        await pipeline.SettleAsync();

        Assert.Single(repairs, repaired => repaired > 0);
        Assert.Equal(before, await pipeline.RowsAsync("SELECT meter, subject, minute, value FROM usage_by_minute ORDER BY ALL"));
        Assert.Empty((await pipeline.AuditAsync()).Findings);
    }

    private async Task<Pipeline> SealedAsync()
    {
        Pipeline pipeline = await Pipeline.StartAsync(await engines.NewPlaceAsync());
        await MeterSetup.CreateAsync(pipeline.Postgres, "total", Aggregation.Sum);
        await MeterSetup.CreateAsync(pipeline.Postgres, "last", Aggregation.Latest);
        DateTimeOffset past = DateTimeOffset.UtcNow.AddHours(-1);
        await pipeline.AppendAsync(Enumerable.Range(0, 20).Select(i => Sent.Use($"e{i}", i, time: past.AddSeconds(i))));
        await pipeline.SettleAsync();
        await pipeline.AppendAsync([Sent.Use("e0", 5, subject: "conflict")]);
        await pipeline.AppendAsync(Enumerable.Range(20, 20).Select(i => Sent.Use($"e{i}", i, time: past.AddSeconds(i))));
        await pipeline.SettleAsync();
        for (int wait = 0; wait < 200 && (await pipeline.RowsAsync("SELECT count() FROM usage_window")).Single() == "0"; wait++)
        {
            await pipeline.AppendAsync([]);
            await Task.Delay(500);
        }

        return pipeline;
    }
}
