using System.Text;
using Metering.Billing.Invoicing;
using Metering.Billing.Postgres.Tenancy;
using Npgsql;

namespace Metering.Billing.Postgres.Runs;

/// <summary>A difference that a correction found, until an invoice bills it.</summary>
/// <param name="Accrued">Of its amount, posted to Unbilled when it was found.</param>
public sealed record PendingCharge(string Correction, int Number, AmountCharge Charge, Money Accrued);

/// <summary>Differences that wait for the next invoice of their subscription.</summary>
public static class PendingCharges
{
    public static async Task<ILookup<string, PendingCharge>> ReadAsync(TenantTransaction transaction, IReadOnlyList<string> subscriptions, AsOf asOf, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = transaction.Command(
            """
            select p.subscription, s.currency, p.correction, p.n, p.charge::text, p.accrued from billing.pending_charge p
            join billing.subscription s on s.tenant_id = p.tenant_id and s.id = p.subscription
            where p.tenant_id = $1 and p.subscription = any($2) and p.invoice is not distinct from $3 order by p.recorded_at, p.correction, p.n
            """,
            transaction.Tenant, subscriptions.ToArray(), asOf.Invoice);
        List<(string Subscription, PendingCharge Charge)> found = [];
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            Currency currency = Currency.Of(reader.GetString(1));
            AmountCharge charge = (AmountCharge)ChargeJson.Read(reader.GetString(4), currency);
            found.Add((reader.GetString(0), new PendingCharge(reader.GetString(2), reader.GetInt32(3), charge, new Money(reader.GetInt64(5), currency))));
        }

        return found.ToLookup(one => one.Subscription, one => one.Charge, StringComparer.Ordinal);
    }

    public static async Task AddAsync(TenantTransaction transaction, string subscription, IReadOnlyList<PendingCharge> charges, DateTimeOffset now, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = transaction.Command(
            """
            insert into billing.pending_charge (tenant_id, correction, n, subscription, charge, accrued, recorded_at)
            select $1, correction, n, $2, charge::json, accrued, $3 from unnest($4::text[], $5::int[], $6::text[], $7::bigint[]) as new (correction, n, charge, accrued)
            """,
            transaction.Tenant, subscription, now, charges.Select(one => one.Correction).ToArray(), charges.Select(one => one.Number).ToArray(),
            charges.Select(one => Encoding.UTF8.GetString(ChargeJson.Bytes(one.Charge))).ToArray(), charges.Select(one => one.Accrued.MinorUnits).ToArray());
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>They are on an invoice now.</summary>
    public static async Task BillAsync(TenantTransaction transaction, IReadOnlyList<(PendingCharge Charge, string Invoice)> billed, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = transaction.Command(
            """
            update billing.pending_charge as p set invoice = b.invoice from unnest($2::text[], $3::int[], $4::text[]) as b (correction, n, invoice)
            where p.tenant_id = $1 and p.correction = b.correction and p.n = b.n
            """,
            transaction.Tenant, billed.Select(one => one.Charge.Correction).ToArray(), billed.Select(one => one.Charge.Number).ToArray(), billed.Select(one => one.Invoice).ToArray());
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
