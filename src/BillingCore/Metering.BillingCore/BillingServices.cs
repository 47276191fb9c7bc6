using Metering.Billing.Postgres.Invoices;
using Metering.Billing.Postgres.Jobs;
using Metering.Billing.Postgres.Outbox;
using Metering.Billing.Postgres.Subscriptions;
using Metering.Billing.Postgres.Tenancy;
using Metering.BillingCore.Calculator;
using Metering.BillingCore.Catalog;
using Metering.BillingCore.Catalog.AsCode;
using Metering.BillingCore.Customers;
using Metering.BillingCore.Grants;
using Metering.BillingCore.Http;
using Metering.BillingCore.Invoices;
using Metering.BillingCore.Jobs;
using Metering.BillingCore.Ledger;
using Metering.BillingCore.Outbox;
using Metering.BillingCore.Refunds;
using Metering.BillingCore.Runs;
using Metering.BillingCore.Simulations;
using Metering.BillingCore.Subscriptions;
using Metering.BillingCore.Unbilled;
using Metering.Contracts;
using Metering.EventLog;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace Metering.BillingCore;

/// <summary>The billing role as the host sees it. It needs <c>PostgresDatabase</c>, <c>ClickHouseDatabase</c>, <c>TimeProvider</c> and an <see cref="ITenantResolver"/> in the container.</summary>
public static class BillingServices
{
    public static IServiceCollection AddBilling(this IServiceCollection services)
    {
        services.AddOptionsWithValidateOnStart<BillingOptions>().BindConfiguration(BillingOptions.Section).ValidateDataAnnotations();
        services.TryAddSingleton<IStandings, InvoiceStandings>();
        services.AddSingleton<TenantDatabase>().AddSingleton<BillingEdge>().AddSingleton<SimulationEndpoints>().AddSingleton<SubscriptionEndpoints>().AddSingleton<OperationEndpoints>().AddSingleton<CustomerEndpoints>().AddSingleton<ZoneMoves>()
            .AddSingleton<InvoiceEndpoints>().AddSingleton<InvoiceChangeEndpoints>().AddSingleton<ExportEndpoint>().AddHostedService<LedgerUpkeepService>();
        services.AddRuns();
        services.AddSingleton<UnbilledEndpoints>().AddSingleton<LineEventEndpoints>();
        return services;
    }

    /// <summary>What the role does by itself. It needs the topic <see cref="Topics.BillingEvents"/> in the container, by that name.</summary>
    public static IServiceCollection AddBillingJobs(this IServiceCollection services) => services
        .AddSingleton(provider => ActivatorUtilities.CreateInstance<SingleOwner>(provider, provider.GetRequiredService<IOptions<BillingOptions>>().Value.JobSilence))
        .AddSingleton<BillingMetrics>()
        .AddSingleton<OwnedLoop>()
        .AddSingleton<OutboxQueue>()
        .AddSingleton(provider => ActivatorUtilities.CreateInstance<OutboxRelay>(provider, provider.GetRequiredKeyedService<ITopic>(Topics.BillingEvents)))
        .AddSingleton<SubscriptionClockJob>()
        .AddSingleton<GrantExpiryJob>()
        .AddHostedService<BillingJobs>()
        .AddHostedService<BillingRunService>();

    public static IEndpointRouteBuilder MapBilling(this IEndpointRouteBuilder routes)
    {
        BillingEdge edge = routes.ServiceProvider.GetRequiredService<BillingEdge>();
        CalculatorEndpoints.Map(routes, edge);
        ItemEndpoints.Map(routes, edge);
        PriceBookEndpoints.Map(routes, edge);
        routes.ServiceProvider.GetRequiredService<SimulationEndpoints>().Map(routes, edge);
        CatalogEndpoints.Map(routes, edge);
        routes.ServiceProvider.GetRequiredService<InvoiceEndpoints>().Map(routes, edge);
        routes.ServiceProvider.GetRequiredService<InvoiceChangeEndpoints>().Map(routes, edge);
        routes.ServiceProvider.GetRequiredService<LineEventEndpoints>().Map(routes, edge);
        GrantEndpoints.Map(routes, edge);
        RefundEndpoints.Map(routes, edge);
        TransactionEndpoints.Map(routes, edge);
        BalanceEndpoints.Map(routes, edge);
        MonthEndpoints.Map(routes, edge);
        routes.ServiceProvider.GetRequiredService<ExportEndpoint>().Map(routes, edge);
        routes.ServiceProvider.GetRequiredService<CustomerEndpoints>().Map(routes, edge);
        SubjectEndpoints.Map(routes, edge);
        routes.ServiceProvider.GetRequiredService<SubscriptionEndpoints>().Map(routes, edge);
        routes.ServiceProvider.GetRequiredService<OperationEndpoints>().Map(routes, edge);
        routes.ServiceProvider.GetRequiredService<RunEndpoints>().Map(routes, edge);
        routes.ServiceProvider.GetRequiredService<CorrectionEndpoints>().Map(routes, edge);
        routes.ServiceProvider.GetRequiredService<DiscountEndpoints>().Map(routes, edge);
        routes.ServiceProvider.GetRequiredService<UnbilledEndpoints>().Map(routes, edge);
        OpenApi.Map(routes);
        return routes;
    }
}
