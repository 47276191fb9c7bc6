using Metering.Billing.Postgres.Invoices;
using Metering.Billing.Postgres.Jobs;
using Metering.Billing.Postgres.Outbox;
using Metering.Billing.Postgres.Tenancy;
using Metering.BillingCore.Outbox;
using Metering.BillingCore.Subscriptions;
using Metering.EventLog;
using Metering.Storage.Postgres;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Xunit;

namespace Metering.BillingCore.Tests.Testing;

/// <summary>The jobs as the role has them, one step at a time.</summary>
internal static class Jobs
{
    private static readonly TimeSpan s_silence = TimeSpan.FromMinutes(5);

    public static SingleOwner Owner(PostgresDatabase database) => new(database, TimeProvider.System, s_silence);

    public static async Task<Ownership> TakeAsync(PostgresDatabase database, string job) =>
        await Owner(database).TryTakeAsync(job, TestContext.Current.CancellationToken) ?? throw new InvalidOperationException($"{job} has an owner.");

    /// <summary>Takes it from an owner whose session is being ended: it is there as soon as the server has noticed.</summary>
    public static async Task<Ownership> TakeOverAsync(PostgresDatabase database, string job)
    {
        SingleOwner owner = Owner(database);
        while (true)
        {
            if (await owner.TryTakeAsync(job, TestContext.Current.CancellationToken) is { } mine)
            {
                return mine;
            }
        }
    }

    public static SubscriptionClockJob Clock(Shop shop, BillingOptions? options = null) => Clock(shop.Database, shop.Time, options);

    public static SubscriptionClockJob Clock(PostgresDatabase database, TimeProvider time, BillingOptions? options = null) => new(
        new TenantDatabase(database), database, new InvoiceStandings(), Options.Create(options ?? new BillingOptions()), time, Metrics(), NullLogger<SubscriptionClockJob>.Instance);

    public static OutboxRelay Relay(PostgresDatabase database, ITopic topic, TimeProvider time, BillingOptions? options = null) =>
        new(topic, new OutboxQueue(database), Options.Create(options ?? new BillingOptions()), time, Metrics(), NullLogger<OutboxRelay>.Instance);

    public static BillingMetrics Metrics() => new(new ServiceCollection().AddMetrics().BuildServiceProvider().GetRequiredService<System.Diagnostics.Metrics.IMeterFactory>());
}
