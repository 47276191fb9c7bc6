using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Metering.Billing.Postgres.Ledger;
using Metering.Billing.Postgres.Tenancy;
using Metering.BillingCore.Http;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Npgsql;

namespace Metering.BillingCore.Ledger;

/// <summary>
/// <c>GET /v1/ledger/export</c>: every entry, in the order of posting, as it comes from the database. The header says where the next export begins: nothing is
/// missed in between and nothing comes twice.
/// </summary>
internal sealed class ExportEndpoint(TenantDatabase database)
{
    private const string CursorHeader = "Metering-Next-Cursor";
    private const int FlushEvery = 64 << 10;

    private delegate void Write(IBufferWriter<byte> output, ExportedEntry entry);

    public void Map(IEndpointRouteBuilder routes, BillingEdge edge) => edge.MapStream(routes, "/v1/ledger/export", ExportAsync);

    private async Task ExportAsync(HttpContext context, string tenant, DateTimeOffset now)
    {
        (string type, string head, Write write) = context.Request.Query["format"].ToString() switch
        {
            "" or "ndjson" => ("application/x-ndjson", "", (Write)EntryLines.WriteJson),
            "csv" => ("text/csv; charset=utf-8", EntryLines.CsvHead, EntryLines.WriteCsv),
            _ => throw RefusedException.BadRequest("format must be ndjson or csv."),
        };
        string cursor = context.Request.Query["cursor"].ToString();
        long after = cursor.Length == 0 ? 0 : LedgerText.NumberOf(BillingRequest.KeyOf(cursor));
        long upto = Math.Max(after, await SettleAsync(tenant, context.RequestAborted));
        await using TenantTransaction transaction = await database.BeginAsync(tenant, context.RequestAborted);
        context.Response.ContentType = type;
        context.Response.Headers[CursorHeader] = BillingRequest.CursorOf(upto.ToString(CultureInfo.InvariantCulture));
        await context.Response.StartAsync(context.RequestAborted);
        context.Response.BodyWriter.Write(Encoding.UTF8.GetBytes(head));
        await foreach (ExportedEntry entry in LedgerExport.ReadAsync(transaction, after, upto, context.RequestAborted))
        {
            write(context.Response.BodyWriter, entry);
            if (context.Response.BodyWriter.UnflushedBytes > FlushEvery)
            {
                await context.Response.BodyWriter.FlushAsync(context.RequestAborted);
            }
        }

        await context.Response.BodyWriter.FlushAsync(context.RequestAborted);
    }

    private async Task<long> SettleAsync(string tenant, CancellationToken cancellationToken)
    {
        await using TenantTransaction transaction = await database.BeginAsync(tenant, cancellationToken);
        try
        {
            long upto = await LedgerExport.SettleAsync(transaction, cancellationToken);
            await transaction.CommitAsync(cancellationToken);
            return upto;
        }
        catch (PostgresException busy) when (busy.SqlState == PostgresErrorCodes.LockNotAvailable)
        {
            throw new RefusedException(StatusCodes.Status503ServiceUnavailable, "Somebody has been posting for longer than five seconds. Try again.");
        }
    }
}

/// <summary>An entry, one line.</summary>
internal static class EntryLines
{
    public const string CsvHead = "seq,number,key,effective_on,booked_at,account,customer,direction,amount,currency,reason\n";

    public static void WriteJson(IBufferWriter<byte> output, ExportedEntry entry)
    {
        using (Utf8JsonWriter json = new(output))
        {
            json.WriteStartObject();
            json.WriteNumber("seq", entry.Seq);
            json.WriteNumber("number", entry.Number);
            json.WriteString("key", entry.Key);
            json.WriteString("effective_on", LedgerText.Of(entry.Booking.EffectiveOn));
            json.WriteString("booked_at", LedgerText.Of(entry.Booking.BookedAt));
            LedgerBodies.WriteFields(json, entry.Entry);
            json.WriteString("customer", entry.Entry.Account.Customer);
            json.WriteString("reason", entry.Reason);
            json.WriteEndObject();
        }

        output.Write("\n"u8);
    }

    public static void WriteCsv(IBufferWriter<byte> output, ExportedEntry entry)
    {
        string[] cells =
        [
            entry.Seq.ToString(CultureInfo.InvariantCulture), entry.Number.ToString(CultureInfo.InvariantCulture), entry.Key, LedgerText.Of(entry.Booking.EffectiveOn),
            LedgerText.Of(entry.Booking.BookedAt), entry.Entry.Account.ToString(), entry.Entry.Account.Customer, LedgerText.Of(entry.Entry.Direction), entry.Entry.Amount.ToString(),
            entry.Entry.Amount.Currency.Code, entry.Reason,
        ];
        output.Write(Encoding.UTF8.GetBytes(string.Join(',', cells.Select(Quoted)) + "\n"));
    }

    private static string Quoted(string cell) => cell.AsSpan().ContainsAny(",\"\r\n") ? $"\"{cell.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : cell;
}
