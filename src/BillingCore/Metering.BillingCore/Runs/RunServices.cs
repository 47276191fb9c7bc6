using Metering.Billing.Zones;
using Metering.BillingCore.Subscriptions;
using Microsoft.Extensions.DependencyInjection;

namespace Metering.BillingCore.Runs;

internal static class RunServices
{
    public static void AddRuns(this IServiceCollection services)
    {
        services.AddSingleton<IZoneSource>(TzdbZones.Instance).AddSingleton<SubscriptionReader>().AddSingleton<BillingRun>().AddSingleton<CorrectionRunner>().AddSingleton<Preview>().AddSingleton<WaitWatch>().AddSingleton<HistoryCheck>().AddSingleton<StandingJob>();
        services.AddSingleton<RunEndpoints>().AddSingleton<CorrectionEndpoints>().AddSingleton<DiscountEndpoints>();
    }
}
