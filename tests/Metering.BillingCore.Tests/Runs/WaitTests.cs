using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Text.Json;
using Metering.Billing.Postgres.Runs;
using Metering.Billing.Postgres.Tenancy;
using Metering.BillingCore.Runs;
using Metering.BillingCore.Tests.Testing;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;
using Xunit;

namespace Metering.BillingCore.Tests.Runs;

/// <summary>Drafts that are due and wait: how many, how long, and what for.</summary>
public sealed class WaitTests(Engines engines)
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    /// <summary>Partition 1 stands still in January; the others go on.</summary>
    [Fact]
    public async Task A_draft_that_no_seal_covers_names_the_partition_that_holds_it_back_and_is_warned_of_once()
    {
        await using Seller seller = await Seller.OpenAsync(engines);
        await seller.SubscribeAsync("acme");
        await seller.BillAsync();
        await ExecuteAsync(seller, "insert into public.partition_state (part, clock, stopped) values (0, '2026-02-20Z', null), (1, '2026-01-20Z', 'lost records'), (2, '2026-02-20Z', null)");
        seller.Set("2026-02-03T23:59:00Z");
        await seller.BillAsync();
        Lines log = new();
        WaitWatch watch = Watch(seller, log);
        Assert.Equal([new DraftWait(WaitReason.Unsealed, 1, new DateTimeOffset(2026, 2, 1, 0, 0, 0, TimeSpan.Zero))], await watch.RunAsync(seller.Host.Tenant, Stop));
        Assert.Empty(log.Warnings);
        seller.Set("2026-02-04T00:00:00Z");
        await watch.RunAsync(seller.Host.Tenant, Stop);
        await watch.RunAsync(seller.Host.Tenant, Stop);
        Assert.Contains("partitions that hold the seal back: 1 (at 2026-01-20T00:00:00Z, stopped: lost records)", Assert.Single(log.Warnings), StringComparison.Ordinal);
        JsonElement due = (await seller.Host.SendAsync("GET", "/v1/billing-runs/due")).Json;
        Assert.Equal("""[{"reason":"unsealed","drafts":1,"oldest":"2026-02-01T00:00:00Z"}]""", due.GetProperty("waits").GetRawText());
        Assert.Equal("""[{"partition":1,"clock":"2026-01-20T00:00:00Z","stopped":"lost records"}]""", due.GetProperty("partitions").GetRawText());
        await seller.SealAsync("2026-02-04");
        Assert.Equal(1, await seller.BillAsync());
        Assert.Empty(await watch.RunAsync(seller.Host.Tenant, Stop));

        seller.Set("2026-03-04T00:10:00Z"); // the next one is another invoice
        await seller.BillAsync();
        await watch.RunAsync(seller.Host.Tenant, Stop);
        Assert.Equal(2, log.Warnings.Count);
    }

    [Fact]
    public async Task A_draft_whose_meter_is_filled_names_the_meter_and_one_without_a_price_says_so()
    {
        await using Seller seller = await Seller.OpenAsync(engines);
        await seller.SubscribeAsync("acme", "cells");
        await seller.SubscribeAsync("globex");
        await seller.BillAsync();
        await seller.UseAsync("acme", "2026-01-10", "1", model: "unknown");
        await seller.SealAsync("2026-02-01");
        seller.Set("2026-02-04T00:00:00Z");
        await seller.BillAsync();
        Lines log = new();
        WaitWatch watch = Watch(seller, log);
        Assert.Equal([WaitReason.Unpriced], (await watch.RunAsync(seller.Host.Tenant, Stop)).Select(wait => wait.Reason));
        Assert.Contains("usage that has no price", Assert.Single(log.Warnings), StringComparison.Ordinal);
        await ExecuteAsync(seller, "update public.meter_rev set state = 'backfilling'");
        await seller.SealAsync("2026-03-01");
        seller.Set("2026-03-04T00:00:00Z");
        await seller.BillAsync();
        await watch.RunAsync(seller.Host.Tenant, Stop);
        Assert.Contains(log.Warnings, line => line.Contains("meters that are still being filled: calls", StringComparison.Ordinal));
        Assert.Equal("""["calls"]""", (await seller.Host.SendAsync("GET", "/v1/billing-runs/due")).Json.GetProperty("filling_meters").GetRawText());
    }

    [Fact]
    public void Waiting_drafts_and_the_oldest_wait_are_measured_by_reason_and_are_zero_when_nothing_waits()
    {
        DateTimeOffset now = new(2026, 2, 1, 1, 0, 0, TimeSpan.Zero);
        ConcurrentDictionary<string, double> measured = new();
        BillingMetrics metrics = Testing.Jobs.Metrics();
        using MeterListener listener = new();
        listener.InstrumentPublished = (instrument, one) =>
        {
            if (instrument.Meter.Name == BillingMetrics.MeterName && instrument.Name.StartsWith("metering.billing.draft.", StringComparison.Ordinal))
            {
                one.EnableMeasurementEvents(instrument);
            }
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => measured[$"{instrument.Name} {tags[0].Value}"] = value);
        listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => measured[$"{instrument.Name} {tags[0].Value}"] = value);
        listener.Start();
        metrics.DraftsWait([new(WaitReason.Unsealed, 2, now.AddHours(-1)), new(WaitReason.Unsealed, 3, now.AddHours(-2)), new(WaitReason.Filling, 1, now.AddSeconds(-5))], now);
        Assert.Equal((5, 1, 0), (measured["metering.billing.draft.waiting unsealed"], measured["metering.billing.draft.waiting filling"], measured["metering.billing.draft.waiting unpriced"]));
        Assert.Equal((7200, 5, 0), (measured["metering.billing.draft.oldest.age unsealed"], measured["metering.billing.draft.oldest.age filling"], measured["metering.billing.draft.oldest.age unpriced"]));
        metrics.DraftsWait([], now);
        Assert.All(measured.Values, value => Assert.Equal(0, value));
    }

    private static WaitWatch Watch(Seller seller, Lines log) => new(new TenantDatabase(seller.Postgres), Options.Create(new BillingOptions()), seller.Time, log);

    private static async Task ExecuteAsync(Seller seller, string sql)
    {
        await using NpgsqlCommand command = seller.Postgres.Source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync(Stop);
    }

    private sealed class Lines : ILogger<WaitWatch>
    {
        public List<string> Warnings { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) => Warnings.Add(formatter(state, exception));
    }
}
