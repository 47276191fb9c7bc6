using System.Text.Json;
using Metering.Aggregator.Engine.Meters;
using Metering.Query.Http;
using Metering.Query.Telemetry;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Metering.Query.Meters;

/// <summary>Create, list, read, change and delete meters.</summary>
internal sealed class MeterEndpoints(MeterStore meters, IOptions<QueryOptions> options, TimeProvider clock, ILogger<MeterEndpoints> log)
{
    private const int NameLength = 256;
    private const int DescriptionLength = 1024;

    public void Map(IEndpointRouteBuilder routes, RequestEdge edge)
    {
        edge.Map(routes, HttpMethods.Post, "/api/v1/meters", CreateAsync);
        edge.Map(routes, HttpMethods.Get, "/api/v1/meters", ListAsync);
        edge.Map(routes, HttpMethods.Get, "/api/v1/meters/{idOrSlug}", GetAsync);
        edge.Map(routes, HttpMethods.Put, "/api/v1/meters/{idOrSlug}", UpdateAsync);
        edge.Map(routes, HttpMethods.Delete, "/api/v1/meters/{idOrSlug}", DeleteAsync);
    }

    public static RefusedException NotFound(string idOrSlug) => RefusedException.NotFound($"meter not found: {idOrSlug}");

    public static string IdOrSlug(HttpContext context) => (string)context.Request.RouteValues["idOrSlug"]!;

    private async Task<IResult> CreateAsync(HttpContext context, string tenant, CancellationToken cancellationToken)
    {
        using JsonDocument body = await RequestBody.ReadAsync(context, options.Value.MaxBodyBytes, cancellationToken);
        Meter meter = ReadNew(JsonFields.Of(body.RootElement, "The body"));
        switch (await meters.CreateAsync(tenant, meter, options.Value.MaxMeters, cancellationToken))
        {
            case CreateStatus.SlugTaken:
                throw RefusedException.Conflict($"meter with slug already exists: {meter.Slug}");
            case CreateStatus.TooMany:
                throw RefusedException.BadRequest($"There are {options.Value.MaxMeters} meters already: delete one first.");
            case CreateStatus.Created:
                log.MeterChanged(tenant, meter.Slug, "created");
                break;
        }

        return JsonBody.Of(MeterBody.Of(meter), MeterBodyJson.Default.MeterBody);
    }

    private async Task<IResult> ListAsync(HttpContext context, string tenant, CancellationToken cancellationToken)
    {
        MeterListing listing = MeterListing.Read(new QueryParameters(context.Request.Query));
        List<MeterBody> bodies = [.. (await meters.ListAsync(tenant, listing, cancellationToken)).Select(MeterBody.Of)];
        return JsonBody.Of(bodies, MeterBodyJson.Default.ListMeterBody);
    }

    private async Task<IResult> GetAsync(HttpContext context, string tenant, CancellationToken cancellationToken)
    {
        Meter meter = await meters.FindAsync(tenant, IdOrSlug(context), cancellationToken) ?? throw NotFound(IdOrSlug(context));
        return JsonBody.Of(MeterBody.Of(meter), MeterBodyJson.Default.MeterBody);
    }

    private async Task<IResult> UpdateAsync(HttpContext context, string tenant, CancellationToken cancellationToken)
    {
        using JsonDocument body = await RequestBody.ReadAsync(context, options.Value.MaxBodyBytes, cancellationToken);
        JsonFields fields = JsonFields.Of(body.RootElement, "The body");
        Meter meter = await meters.UpdateAsync(tenant, IdOrSlug(context), before => ReadChange(fields, before), cancellationToken)
            ?? throw NotFound(IdOrSlug(context));
        log.MeterChanged(tenant, meter.Slug, "updated");
        return JsonBody.Of(MeterBody.Of(meter), MeterBodyJson.Default.MeterBody);
    }

    private async Task<IResult> DeleteAsync(HttpContext context, string tenant, CancellationToken cancellationToken)
    {
        Meter meter = await meters.DeleteAsync(tenant, IdOrSlug(context), Now(), cancellationToken) ?? throw NotFound(IdOrSlug(context));
        log.MeterChanged(tenant, meter.Slug, "deleted");
        return Results.NoContent();
    }

    private Meter ReadNew(JsonFields fields)
    {
        DateTimeOffset now = Now();
        Aggregation aggregation = MeterRules.Aggregation(fields.RequiredText("aggregation", NameLength));
        string? valueProperty = MeterRules.ValueProperty(aggregation, fields.Text("valueProperty", DescriptionLength));
        DateTimeOffset? eventFrom = fields.Text("eventFrom", NameLength) is { } text ? QueryParameters.ParseInstant(text, "eventFrom") : null;
        return new Meter
        {
            Id = MeterIds.New(now),
            Slug = MeterRules.Slug(fields.RequiredText("slug", NameLength)),
            Name = fields.Text("name", NameLength),
            Description = fields.Text("description", DescriptionLength),
            Metadata = fields.TextMap("metadata") ?? [],
            Definition = new MeterDefinition(
                aggregation,
                fields.RequiredText("eventType", NameLength),
                eventFrom is { } from ? ToMicroseconds(from) : null,
                valueProperty,
                MeterRules.GroupBy(fields.TextMap("groupBy"), valueProperty, options.Value.MaxDimensions)),
            CreatedAt = now,
            UpdatedAt = now,
        };
    }

    /// <summary>A property that is absent stays as it is; null or an empty value clears it. Dimensions are never lost by leaving them out.</summary>
    private Meter ReadChange(JsonFields fields, Meter before)
    {
        SortedDictionary<string, string> groupBy = fields.Has("groupBy")
            ? MeterRules.GroupBy(fields.TextMap("groupBy"), before.Definition.ValueProperty, options.Value.MaxDimensions)
            : before.Definition.GroupBy;
        return before with
        {
            Name = fields.Has("name") ? fields.Text("name", NameLength) : before.Name,
            Description = fields.Has("description") ? fields.Text("description", DescriptionLength) : before.Description,
            Metadata = fields.Has("metadata") ? fields.TextMap("metadata") ?? [] : before.Metadata,
            Definition = before.Definition with { GroupBy = groupBy },
            UpdatedAt = Now(),
        };
    }

    /// <summary>PostgreSQL keeps microseconds: what a caller gets back now is what it reads later.</summary>
    private DateTimeOffset Now() => ToMicroseconds(clock.GetUtcNow());

    private static DateTimeOffset ToMicroseconds(DateTimeOffset instant) =>
        new(instant.UtcTicks - (instant.UtcTicks % TimeSpan.TicksPerMicrosecond), TimeSpan.Zero);
}
