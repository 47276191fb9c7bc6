using Metering.Billing.Postgres.Tenancy;
using Metering.BillingCore.Calculator;
using Metering.BillingCore.Catalog;
using Metering.BillingCore.Catalog.AsCode;
using Metering.BillingCore.Grants;
using Metering.BillingCore.Http;
using Metering.BillingCore.Invoices;
using Metering.BillingCore.Ledger;
using Metering.BillingCore.Simulations;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Metering.BillingCore;

/// <summary>The billing role as the host sees it. It needs <c>PostgresDatabase</c>, <c>ClickHouseDatabase</c>, <c>TimeProvider</c> and an <see cref="ITenantResolver"/> in the container.</summary>
public static class BillingServices
{
    public static IServiceCollection AddBilling(this IServiceCollection services)
    {
        services.AddOptionsWithValidateOnStart<BillingOptions>().BindConfiguration(BillingOptions.Section).ValidateDataAnnotations();
        return services.AddSingleton<TenantDatabase>().AddSingleton<BillingEdge>().AddSingleton<SimulationEndpoints>().AddSingleton<ExportEndpoint>().AddHostedService<LedgerUpkeepService>();
    }

    public static IEndpointRouteBuilder MapBilling(this IEndpointRouteBuilder routes)
    {
        BillingEdge edge = routes.ServiceProvider.GetRequiredService<BillingEdge>();
        CalculatorEndpoints.Map(routes, edge);
        ItemEndpoints.Map(routes, edge);
        PriceBookEndpoints.Map(routes, edge);
        routes.ServiceProvider.GetRequiredService<SimulationEndpoints>().Map(routes, edge);
        CatalogEndpoints.Map(routes, edge);
        InvoiceEndpoints.Map(routes, edge);
        GrantEndpoints.Map(routes, edge);
        TransactionEndpoints.Map(routes, edge);
        BalanceEndpoints.Map(routes, edge);
        MonthEndpoints.Map(routes, edge);
        routes.ServiceProvider.GetRequiredService<ExportEndpoint>().Map(routes, edge);
        OpenApi.Map(routes);
        return routes;
    }
}
