using Metering.BillingCore.Http;
using Metering.Storage.ClickHouse;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Metering.BillingCore.Unbilled;

/// <summary><c>GET /v1/unbilled-usage</c>: usage that nobody is billed for, and why.</summary>
internal sealed class UnbilledEndpoints(ClickHouseDatabase database)
{
    public void Map(IEndpointRouteBuilder routes, BillingEdge edge) => edge.Map(routes, HttpMethods.Get, "/v1/unbilled-usage", ListAsync);

    private async Task<Answer> ListAsync(BillingRequest request)
    {
        UnbilledRequest wanted = UnbilledRequest.Read(request);
        UnbilledPage page = await UnbilledPage.ReadAsync(request.Transaction, database, wanted, request.Aborted);
        return Answer.Json(json =>
        {
            json.WriteStartObject();
            json.WriteInstant("from", wanted.Range.Start);
            json.WriteInstant("to", wanted.Range.End);
            json.WriteNumber("seal", page.Seal.Number);
            json.WriteInstant("sealed_upto", page.Seal.Upto);
            json.WriteStartArray("items");
            foreach (UnbilledRow row in page.Rows)
            {
                row.Write(json, wanted.ByCell);
            }

            json.WriteEndArray();
            json.WriteString("next_cursor", page.Next is { } next ? BillingRequest.CursorOf(next.ToString()) : null);
            json.WriteEndObject();
        });
    }
}
