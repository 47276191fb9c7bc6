using Metering.Billing.Postgres.Tenancy;
using Npgsql;

namespace Metering.Billing.Postgres.Catalog;

/// <summary>The revisions whose usage answers for the tenant's meters, by slug.</summary>
public static class CountedMeters
{
    public static async Task<IReadOnlyDictionary<string, CountedMeter>> ReadAsync(TenantTransaction transaction, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = transaction.Command(
            "select slug, revision, definition::text from billing.priced_meter where tenant_id = $1 and revision is not null", transaction.Tenant);
        Dictionary<string, CountedMeter> found = new(StringComparer.Ordinal);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            found[reader.GetString(0)] = new CountedMeter(reader.GetInt32(1), reader.GetString(2));
        }

        return found;
    }
}

/// <param name="Revision">The column <c>meter</c> of the usage tables.</param>
/// <param name="Definition">As JSON: what the revision counts.</param>
public sealed record CountedMeter(int Revision, string Definition);
