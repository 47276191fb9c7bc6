using Metering.Query.Http;
using Metering.Storage.Postgres;
using Npgsql;

namespace Metering.Query.Meters;

/// <summary>
/// A meter that a published price bills stays what it is: invoices are computed again from it, years later. Archived versions count too, because
/// subscriptions stay on them.
/// </summary>
internal static class PricedMeters
{
    /// <summary>Holds the tenant's catalogue until the transaction ends, so that no version is published meanwhile.</summary>
    /// <exception cref="RefusedException">409: a price bills it.</exception>
    public static async Task RefuseAsync(NpgsqlConnection connection, string tenant, string slug, string what, CancellationToken cancellationToken)
    {
        await using NpgsqlBatch batch = new(connection)
        {
            BatchCommands =
            {
                PostgresCommands.BatchCommand("select set_config('metering.tenant', $1, true)", tenant),
                PostgresCommands.BatchCommand("insert into billing.catalog as held (tenant_id, version) values ($1, 0) on conflict (tenant_id) do update set version = held.version", tenant),
            },
        };
        await batch.ExecuteNonQueryAsync(cancellationToken);
        await using NpgsqlCommand command = connection.Command(
            "select book || ' ' || version from billing.price_meter where tenant_id = $1 and meter = $2 order by book, version limit 1", tenant, slug);
        if (await command.ExecuteScalarAsync(cancellationToken) is string version)
        {
            throw RefusedException.Conflict($"Meter '{slug}' cannot be {what}: price book version {version} bills it. Make another meter, and a new version that bills that one.");
        }
    }
}
