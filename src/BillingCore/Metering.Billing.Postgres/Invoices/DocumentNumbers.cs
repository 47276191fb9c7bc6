using System.Globalization;
using Metering.Billing.Postgres.Tenancy;
using Npgsql;

namespace Metering.Billing.Postgres.Invoices;

/// <summary>
/// Numbers without gaps. They are taken as a block, as late as possible: the row of the series is held until the transaction ends, and one that fails takes none.
/// </summary>
internal static class DocumentNumbers
{
    public const string Invoices = "INV";
    public const string CreditNotes = "CN";

    public static async Task<string[]> TakeAsync(TenantTransaction transaction, string series, int count, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = transaction.Command(
            """
            insert into billing.document_series as taken (tenant_id, series, last) values ($1, $2, $3)
            on conflict (tenant_id, series) do update set last = taken.last + excluded.last returning last
            """,
            transaction.Tenant, series, (long)count);
        long first = (long)(await command.ExecuteScalarAsync(cancellationToken))! - count + 1;
        return [.. Enumerable.Range(0, count).Select(i => string.Create(CultureInfo.InvariantCulture, $"{series}-{first + i:D6}"))];
    }
}
