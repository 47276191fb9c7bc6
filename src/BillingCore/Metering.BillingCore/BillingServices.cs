using Metering.Billing.Postgres.Tenancy;
using Metering.BillingCore.Calculator;
using Metering.BillingCore.Catalog;
using Metering.BillingCore.Catalog.AsCode;
using Metering.BillingCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Metering.BillingCore;

/// <summary>The billing role as the host sees it. It needs <c>PostgresDatabase</c>, <c>TimeProvider</c> and an <see cref="ITenantResolver"/> in the container.</summary>
public static class BillingServices
{
    public static IServiceCollection AddBilling(this IServiceCollection services)
    {
        services.AddOptionsWithValidateOnStart<BillingOptions>().BindConfiguration(BillingOptions.Section).ValidateDataAnnotations();
        return services.AddSingleton<TenantDatabase>().AddSingleton<BillingEdge>();
    }

    public static IEndpointRouteBuilder MapBilling(this IEndpointRouteBuilder routes)
    {
        BillingEdge edge = routes.ServiceProvider.GetRequiredService<BillingEdge>();
        CalculatorEndpoints.Map(routes, edge);
        ItemEndpoints.Map(routes, edge);
        PriceBookEndpoints.Map(routes, edge);
        CatalogEndpoints.Map(routes, edge);
        OpenApi.Map(routes);
        return routes;
    }
}
