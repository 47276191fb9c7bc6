using Metering.BillingCore.Grants;
using Metering.BillingCore.Outbox;
using Metering.BillingCore.Subscriptions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Metering.BillingCore.Jobs;

/// <summary>The jobs of the billing role, side by side. Each is done by one process at a time.</summary>
internal sealed class BillingJobs(OwnedLoop loop, SubscriptionClockJob clock, OutboxRelay relay, GrantExpiryJob expiry, IOptions<BillingOptions> options) : BackgroundService
{
    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Task.WhenAll(
        loop.RunAsync(SubscriptionClockJob.Job, options.Value.ClockInterval, async (mine, token) =>
        {
            await clock.StepAsync(mine, token);
            return false;
        }, stoppingToken),
        loop.RunAsync(GrantExpiryJob.Job, GrantExpiryJob.Interval, expiry.StepAsync, stoppingToken),
        loop.RunAsync(OutboxRelay.Job, options.Value.OutboxInterval, relay.StepAsync, stoppingToken));
}
