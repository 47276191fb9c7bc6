using System.Text.Json;
using Metering.Billing;
using Metering.Billing.Catalog.Documents;
using Metering.Billing.Postgres.Catalog;
using Metering.Billing.Postgres.Runs;
using Metering.Billing.Postgres.Subscriptions;
using Metering.Billing.Runs;
using Metering.Billing.Subscriptions;
using Metering.Billing.Zones;
using Metering.BillingCore.Http;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Metering.BillingCore.Runs;

/// <summary>Discounts of the catalogue that a subscription is given, from the billing period that holds an instant on.</summary>
internal sealed class DiscountEndpoints(IZoneSource zones)
{
    private const string Route = "/v1/subscriptions/{id}/discounts";

    public void Map(IEndpointRouteBuilder routes, BillingEdge edge)
    {
        edge.Map(routes, HttpMethods.Get, Route, ListAsync);
        edge.Map(routes, HttpMethods.Post, Route, GiveAsync);
    }

    private async Task<Answer> ListAsync(BillingRequest request)
    {
        StoredSubscription stored = await FindAsync(request);
        return AnswerOf(await GivenDiscounts.ListAsync(request.Transaction, stored.Id, request.Aborted));
    }

    private async Task<Answer> GiveAsync(BillingRequest request)
    {
        StoredSubscription stored = await FindAsync(request);
        List<Problem> problems = [];
        DiscountGift gift = DiscountGift.Read(request.Body(), WholeMinute.Of(request.Now), problems);
        RefusedException.ThrowIfAny(problems);
        CatalogItem? discount = await CatalogItems.FindAsync(request.Transaction, ItemKind.Discount.Name, gift.Discount, request.Aborted);
        if (discount is not { ArchivedAt: null })
        {
            throw RefusedException.Invalid([new Problem("discount", $"there is no discount '{gift.Discount}'")]);
        }

        using JsonDocument body = JsonDocument.Parse(discount.Body);
        if (body.RootElement.TryGetProperty("currency", out JsonElement currency) && currency.GetString() != stored.Currency.Code)
        {
            throw RefusedException.Invalid([new Problem("discount", $"is in {currency.GetString()}, and the subscription is in {stored.Currency}")]);
        }

        await GivenDiscounts.AddAsync(request.Transaction, stored.Id, gift.Discount, discount.Body, gift.From, request.Now, request.Aborted);
        return AnswerOf(await GivenDiscounts.ListAsync(request.Transaction, stored.Id, request.Aborted)) with { Status = StatusCodes.Status201Created };
    }

    /// <summary>Held: discounts of one subscription are given one after the other.</summary>
    private async Task<StoredSubscription> FindAsync(BillingRequest request) =>
        (await SubscriptionStore.HoldAsync(request.Transaction, zones, [request.Route("id")], request.Aborted)) is [var found]
            ? found
            : throw RefusedException.NotFound($"There is no subscription '{request.Route("id")}'.");

    private static Answer AnswerOf(IReadOnlyList<(string Discount, string Body, DateTimeOffset From)> given) => Answer.Json(json =>
    {
        json.WriteStartObject();
        json.WriteStartArray("items");
        foreach ((string discount, string body, DateTimeOffset from) in given)
        {
            json.WriteStartObject();
            json.WriteString("discount", discount);
            json.WriteInstant("from", from);
            json.WriteStored("terms", body);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    });
}
