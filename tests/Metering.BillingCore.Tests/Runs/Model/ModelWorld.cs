using System.Globalization;
using System.Net.Http.Headers;
using Metering.Billing.Postgres.Jobs;
using Metering.BillingCore.Ledger;
using Metering.BillingCore.Outbox;
using Metering.BillingCore.Runs;
using Metering.BillingCore.Subscriptions;
using Metering.BillingCore.Tests.Outbox;
using Metering.BillingCore.Tests.Testing;
using Metering.Contracts;
using Metering.Storage.ClickHouse;
using Metering.Storage.Postgres;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using Npgsql;
using Xunit;

namespace Metering.BillingCore.Tests.Runs.Model;

/// <summary>
/// Databases, clock, seals and the billing role, shared by histories that come one after the other: a seal counts for all tenants and the clock does not go back, so each history has
/// years of its own. Nothing runs by itself: the jobs are stepped.
/// </summary>
internal sealed class ModelWorld : IAsyncDisposable
{
    /// <summary>Four, so that leap years stay where they are.</summary>
    private const int YearsApart = 4;

    /// <summary>ClickHouse's minutes end in 2106.</summary>
    public const int MaxHistories = 18;

    private readonly OutboxWorld _outbox;
    private readonly BillingHost _host;
    private readonly Ownership _clock;
    private readonly Ownership _relay;

    private ModelWorld(OutboxWorld outbox, ClickHouseDatabase clickHouse, FakeTimeProvider time, FailureLog failures, BillingHost host, Ownership clock, Ownership relay)
    {
        (_outbox, ClickHouse, Time, Failures, _host, _clock, _relay) = (outbox, clickHouse, time, failures, host, clock, relay);
        Clock = Testing.Jobs.Clock(Postgres, time);
        Relay = Testing.Jobs.Relay(Postgres, outbox.Topic, time);
    }

    public PostgresDatabase Postgres => _outbox.Database;

    public ClickHouseDatabase ClickHouse { get; }

    public FakeTimeProvider Time { get; }

    public FailureLog Failures { get; }

    /// <summary>Number of the newest seal.</summary>
    public long Seal { get; private set; }

    /// <summary>Minutes before it are sealed.</summary>
    public DateTimeOffset SealedUpto { get; private set; } = DateTimeOffset.UnixEpoch;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private SubscriptionClockJob Clock { get; }

    private OutboxRelay Relay { get; }

    public static async Task<ModelWorld> OpenAsync(Engines engines)
    {
        FakeTimeProvider time = new(new DateTimeOffset(2025, 1, 1, 0, 0, 0, TimeSpan.Zero));
        ClickHouseDatabase clickHouse = await engines.CreateClickHouseAsync();
        OutboxWorld outbox = await OutboxWorld.CreateAsync(await engines.CreateDatabaseAsync(), kafka: false);
        FailureLog failures = new();
        BillingHost host = await BillingHost.StartAsync(engines, clickHouse, outbox.Database, time, [], services =>
        {
            services.Remove(services.Single(one => one.ImplementationType == typeof(LedgerUpkeepService)));
            services.AddSingleton<ILoggerProvider>(failures);
        });
        return new ModelWorld(
            outbox, clickHouse, time, failures, host, await Testing.Jobs.TakeAsync(outbox.Database, SubscriptionClockJob.Job), await Testing.Jobs.TakeAsync(outbox.Database, OutboxRelay.Job));
    }

    /// <summary>A tenant, and the year that its history begins in. Seeds rise.</summary>
    public (ModelTenant Tenant, int Year) Next(int seed)
    {
        string name = string.Create(CultureInfo.InvariantCulture, $"t{seed}");
        HttpClient client = new() { BaseAddress = _host.Client.BaseAddress };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", name);
        return (new ModelTenant(name, client, this), 2026 + (YearsApart * (seed % MaxHistories)));
    }

    /// <summary>Seals all minutes before an instant. What was written for the seal is there; late rows are looked for, as the role does every few seconds.</summary>
    public async Task SealAsync(DateTimeOffset upto)
    {
        long number = ++Seal;
        await ClickHouse.ExecuteAsync($"INSERT INTO seal_mark VALUES ({number}, toDateTime({upto.ToUnixTimeSeconds()}, 'UTC'), [{number * 1000}, {number * 1000}], now())", Stop);
        await using NpgsqlCommand command = Postgres.Source.CreateCommand($"insert into public.seal (seal_no, upto, cut, sealed_at, state) values ({number}, '{upto:O}', '{{}}', now(), 'done')");
        await command.ExecuteNonQueryAsync(Stop);
        SealedUpto = upto;
        await _host.Services.GetRequiredService<CorrectionRunner>().FollowAsync(Stop);
    }

    public Task TickAsync() => Clock.StepAsync(_clock, Stop);

    /// <summary>What overdue invoices mean for the subscriptions of a tenant.</summary>
    public Task ReassessAsync(string tenant) => _host.Services.GetRequiredService<StandingJob>().RunAsync(tenant, Stop);

    /// <summary>Relays all messages, and says what is in the log of a tenant, record by record.</summary>
    public async Task<List<BillingMessage>> RelayAsync(string tenant)
    {
        while (await Relay.StepAsync(_relay, Stop))
        {
        }

        return [.. (await _outbox.ReadAllAsync()).Where(message => message.Tenant == tenant)];
    }

    public async ValueTask DisposeAsync()
    {
        await _clock.DisposeAsync();
        await _relay.DisposeAsync();
        await _host.DisposeAsync();
        ClickHouse.Dispose();
        await _outbox.DisposeAsync();
    }
}
