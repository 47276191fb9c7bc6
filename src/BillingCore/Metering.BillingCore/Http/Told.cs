using System.Text;
using System.Text.Json;
using Metering.Billing.Postgres.Audit;
using Metering.Billing.Postgres.Outbox;

namespace Metering.BillingCore.Http;

/// <summary>What a request did, in its own transaction: one row of the audit log and one message, with the same content.</summary>
internal static class Told
{
    /// <param name="what">What happened: <c>customer.created</c>.</param>
    /// <param name="subject">To what: <c>customer:acme</c>. Its row is held.</param>
    /// <param name="write">Writes one object.</param>
    public static async Task OnceAsync(BillingRequest request, string what, string subject, Action<Utf8JsonWriter> write)
    {
        string body = Encoding.UTF8.GetString(Answer.Json(write).Body);
        await AuditLog.AddAsync(request.Transaction, [new AuditEntry(Actors.Api, what, subject, body)], request.Now, request.Aborted);
        await OutboxStore.AddAsync(request.Transaction, [new OutboxMessage(subject, what, body)], request.Now, request.Aborted);
    }
}
