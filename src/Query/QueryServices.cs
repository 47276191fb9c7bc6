using Metering.Query.DeadLetters;
using Metering.Query.Events;
using Metering.Query.Http;
using Metering.Query.Meters;
using Metering.Query.Seals;
using Metering.Query.Subjects;
using Metering.Query.Telemetry;
using Metering.Query.Usage;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace Metering.Query;

/// <summary>The query side as the host sees it. It needs the two databases, a clock and an <see cref="ITenantResolver"/> in the container.</summary>
public static class QueryServices
{
    public static IServiceCollection AddQuery(this IServiceCollection services)
    {
        services.AddOptionsWithValidateOnStart<QueryOptions>().BindConfiguration(QueryOptions.Section);
        services.AddSingleton<IValidateOptions<QueryOptions>, QueryOptionsValidator>();
        services.AddMetrics();
        services.TryAddSingleton<ITenantResolver, DefaultTenantResolver>();
        return services
            .AddSingleton<QueryMetrics>().AddSingleton<RequestEdge>()
            .AddSingleton<MeterStore>().AddSingleton<ServingRevisions>().AddSingleton<MeterEndpoints>()
            .AddSingleton<UsageReader>().AddSingleton<UsageValueLists>().AddSingleton<UsageEndpoints>()
            .AddSingleton<EventReader>().AddSingleton<EventHistory>().AddSingleton<EventEndpoints>()
            .AddSingleton<SubjectStore>().AddSingleton<SubjectEndpoints>()
            .AddSingleton<DeadLetterReader>().AddSingleton<DeadLetterEndpoints>()
            .AddSingleton<SealEndpoints>();
    }

    public static IEndpointRouteBuilder MapQuery(this IEndpointRouteBuilder routes)
    {
        IServiceProvider services = routes.ServiceProvider;
        RequestEdge edge = services.GetRequiredService<RequestEdge>();
        services.GetRequiredService<MeterEndpoints>().Map(routes, edge);
        services.GetRequiredService<UsageEndpoints>().Map(routes, edge);
        services.GetRequiredService<EventEndpoints>().Map(routes, edge);
        services.GetRequiredService<SubjectEndpoints>().Map(routes, edge);
        services.GetRequiredService<DeadLetterEndpoints>().Map(routes, edge);
        services.GetRequiredService<SealEndpoints>().Map(routes, edge);
        return routes;
    }
}
