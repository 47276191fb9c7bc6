using System.Globalization;
using System.Text.Json;
using Metering.Billing;
using Metering.Billing.Catalog.Documents;
using Metering.Billing.Postgres.Catalog;
using Metering.Billing.Simulation;
using Metering.BillingCore.Http;
using Metering.Storage.ClickHouse;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Options;

namespace Metering.BillingCore.Simulations;

/// <summary><c>POST /v1/simulations</c>: what customers would have paid with another version of the prices. Nothing is written.</summary>
internal sealed class SimulationEndpoints(ClickHouseDatabase database, IOptions<BillingOptions> options, TimeProvider time)
{
    public void Map(IEndpointRouteBuilder routes, BillingEdge edge) => edge.Map(routes, HttpMethods.Post, "/v1/simulations", SimulateAsync);

    private async Task<Answer> SimulateAsync(BillingRequest http)
    {
        using CancellationTokenSource limit = new(options.Value.SimulationTimeout, time);
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, http.Aborted);
        try
        {
            return await SimulateAsync(http, either.Token);
        }
        catch (Exception) when (limit.IsCancellationRequested && !http.Aborted.IsCancellationRequested)
        {
            throw new RefusedException(
                StatusCodes.Status422UnprocessableEntity, $"The simulation took longer than {options.Value.SimulationTimeout.TotalSeconds:0} seconds: ask for fewer customers at a time, or a shorter period.");
        }
        catch (OverflowException)
        {
            throw new RefusedException(StatusCodes.Status422UnprocessableEntity, "A total is beyond what an amount can hold.");
        }
    }

    private async Task<Answer> SimulateAsync(BillingRequest http, CancellationToken cancellationToken)
    {
        List<Problem> problems = [];
        SimulationRequest request = SimulationRequest.Read(http.Body(), problems);
        RefusedException.ThrowIfAny(problems);
        string? after = request.Cursor is { } cursor ? BillingRequest.KeyOf(cursor) : null;
        PlanPrices @new = await ReadAsync(http, request.Version, request, cancellationToken);
        PlanPrices old = await ReadAsync(http, await AgainstAsync(http, request, cancellationToken), request, cancellationToken);
        if (old.Currency != @new.Currency)
        {
            throw RefusedException.Invalid([new Problem("version", $"is in {@new.Currency}, version {old.Version} in {old.Currency}: there is no difference between currencies")]);
        }

        UsageScope scope = await UsageScope.OpenAsync(database, http.Transaction.Tenant, request.Period, request.Seal, cancellationToken);
        SimulationRun run = new(http.Transaction, database, scope, request, old, @new, options.Value.MaxSimulatedEvents);
        await run.RunAsync(after, cancellationToken);
        return Answer.Json(json => Write(json, request, scope, run, old, @new));
    }

    private static async Task<int> AgainstAsync(BillingRequest http, SimulationRequest request, CancellationToken cancellationToken)
    {
        if (request.Against is { } version)
        {
            return version;
        }

        PriceBookVersion? applied = await PriceBooks.AppliedAsync(http.Transaction, request.PriceBook, request.Period.Start, request.Version, cancellationToken);
        return applied?.Version ?? throw RefusedException.Invalid(
            [new Problem("against", "is required: no other published version was effective when the period began")]);
    }

    /// <summary>A product that has been archived since is no reason not to simulate; a meter that is gone is one.</summary>
    private static async Task<PlanPrices> ReadAsync(BillingRequest http, int number, SimulationRequest request, CancellationToken cancellationToken)
    {
        PriceBookVersion version = await PriceBooks.FindAsync(http.Transaction, request.PriceBook, number, cancellationToken)
            ?? throw RefusedException.NotFound($"Price book '{request.PriceBook}' has no version {number}.");
        using JsonDocument body = JsonDocument.Parse(version.Body);
        IReadOnlyDictionary<string, MeterFacts> meters = await PricedMeters.ReadAsync(http.Transaction, cancellationToken);
        HashSet<string> products = [.. body.RootElement.GetProperty("plans").EnumerateArray().Select(plan => plan.GetProperty("product").GetString()!)];
        List<Problem> problems = [];
        PriceBookDocument book = PriceBookReader.Read(body.RootElement, meters.GetValueOrDefault, products, problems);
        RefusedException.ThrowIfAny(problems);
        return PlanPrices.Of(book, request.Plan, number, version.State)
            ?? throw RefusedException.NotFound($"Version {number} of price book '{request.PriceBook}' has no plan '{request.Plan}'.");
    }

    private static void Write(Utf8JsonWriter json, SimulationRequest request, UsageScope scope, SimulationRun run, PlanPrices old, PlanPrices @new)
    {
        json.WriteStartObject();
        json.WriteString("price_book", request.PriceBook);
        json.WriteString("plan", request.Plan);
        json.WriteStartArray("period");
        json.WriteStringValue(Text(request.Period.Start));
        json.WriteStringValue(Text(request.Period.End));
        json.WriteEndArray();
        json.WriteString("currency", old.Currency.Code);
        SimulationJson.Write(json, "old", old);
        SimulationJson.Write(json, "new", @new);
        json.WriteStartObject("seal");
        json.WriteNumber("number", scope.Seal);
        json.WriteString("upto", Text(scope.SealedUpto));
        json.WriteBoolean("complete", scope.IsComplete);
        json.WriteEndObject();
        SimulationJson.Write(json, run.Totals);
        json.WriteStartArray("items");
        run.Customers.ForEach(customer => SimulationJson.Write(json, customer, request.Explain));
        json.WriteEndArray();
        json.WriteString("next_cursor", run.HasMore ? BillingRequest.CursorOf(run.Customers[^1].Customer) : null);
        json.WriteString("rules_version", RulesVersion.Current);
        json.WriteEndObject();
    }

    private static string Text(DateTimeOffset instant) => instant.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
