using Metering.Billing.Postgres.Tenancy;
using Npgsql;

namespace Metering.Billing.Postgres.Runs;

/// <summary>What usage is complete: the newest done seal, and the meters that are not, because a revision is still being filled.</summary>
/// <param name="Seal">0 before the first.</param>
/// <param name="Upto">Minutes before it are sealed.</param>
/// <param name="Filling">Slugs.</param>
public sealed record Completeness(long Seal, DateTimeOffset Upto, IReadOnlySet<string> Filling)
{
    public static async Task<Completeness> ReadAsync(TenantTransaction transaction, CancellationToken cancellationToken)
    {
        HashSet<string> filling = [];
        (long seal, DateTimeOffset upto) = (0, DateTimeOffset.MinValue);
        await using NpgsqlCommand command = transaction.Command(
            "select seal_no, upto, null from billing.done_seal union all select null, null, slug from billing.filling_meter where tenant_id = $1", transaction.Tenant);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            if (reader.IsDBNull(0))
            {
                filling.Add(reader.GetString(2));
            }
            else
            {
                (seal, upto) = (reader.GetInt64(0), reader.GetFieldValue<DateTimeOffset>(1));
            }
        }

        return new Completeness(seal, upto, filling);
    }
}
