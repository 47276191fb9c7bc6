using System.Security.Cryptography;
using System.Text;
using Metering.Billing.Postgres.Tenancy;
using Npgsql;
using NpgsqlTypes;

namespace Metering.Billing.Postgres.Catalog;

/// <summary>Price books and their versions. A draft may change; a published version never does, and the database sees to it.</summary>
public static class PriceBooks
{
    private const string Columns = "book, version, state, effective_from, body::text, revision, created_at, updated_at, published_at, archived_at";

    public static async Task<IReadOnlyList<PriceBookRow>> ListAsync(TenantTransaction transaction, string? after, int limit, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = transaction.Command(
            "select key, name, created_at from billing.price_book where tenant_id = $1 and key > $2 order by key limit $3", transaction.Tenant, after ?? "", limit);
        List<PriceBookRow> books = [];
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            books.Add(new PriceBookRow(reader.GetString(0), reader.GetString(1), reader.GetFieldValue<DateTimeOffset>(2)));
        }

        return books;
    }

    /// <param name="name">Null leaves a book's name as it is, and gives a new one its key.</param>
    public static async Task PutBookAsync(TenantTransaction transaction, string key, string? name, DateTimeOffset now, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = transaction.Command(
            "insert into billing.price_book (tenant_id, key, name, created_at) values ($1, $2, coalesce($3, $2), $4) on conflict (tenant_id, key) do update set name = coalesce($3, price_book.name)",
            transaction.Tenant, key, name, now);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Newest first.</summary>
    public static async Task<IReadOnlyList<PriceBookVersion>> VersionsAsync(TenantTransaction transaction, string book, int? before, int limit, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = transaction.Command(
            $"select {Columns} from billing.price_book_version where tenant_id = $1 and book = $2 and version < $3 order by version desc limit $4",
            transaction.Tenant, book, before ?? int.MaxValue, limit);
        return await ReadAsync(command, cancellationToken);
    }

    public static async Task<PriceBookVersion?> FindAsync(TenantTransaction transaction, string book, int version, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = transaction.Command(
            $"select {Columns} from billing.price_book_version where tenant_id = $1 and book = $2 and version = $3", transaction.Tenant, book, version);
        return (await ReadAsync(command, cancellationToken)) is [var found] ? found : null;
    }

    /// <summary>The version that applies to what begins at an instant: the newest published one that is effective by then.</summary>
    /// <param name="except">A version that is passed over.</param>
    public static async Task<PriceBookVersion?> AppliedAsync(TenantTransaction transaction, string book, DateTimeOffset at, int except, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = transaction.Command(
            $"select {Columns} from billing.price_book_version where tenant_id = $1 and book = $2 and state = 'published' and effective_from <= $3 and version <> $4 order by version desc limit 1",
            transaction.Tenant, book, at, except);
        return (await ReadAsync(command, cancellationToken)) is [var found] ? found : null;
    }

    /// <summary>The newest published version of every book.</summary>
    public static async Task<IReadOnlyList<PriceBookVersion>> PublishedAsync(TenantTransaction transaction, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = transaction.Command(
            $"select distinct on (book) {Columns} from billing.price_book_version where tenant_id = $1 and state = 'published' order by book, version desc", transaction.Tenant);
        return await ReadAsync(command, cancellationToken);
    }

    /// <summary>Makes the book's draft, or gives it another body. Its number is one above the last version.</summary>
    public static async Task<PriceBookVersion> PutDraftAsync(
        TenantTransaction transaction, string book, DateTimeOffset effectiveFrom, string body, DateTimeOffset now, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = transaction.Command(
            $"""
            with changed as (
              update billing.price_book_version set effective_from = $3, body = $4, content_hash = $5, updated_at = $6, revision = revision + 1
              where tenant_id = $1 and book = $2 and state = 'draft' returning *),
            made as (
              insert into billing.price_book_version (tenant_id, book, version, effective_from, body, content_hash, created_at, updated_at)
              select $1, $2, coalesce(max(version), 0) + 1, $3, $4, $5, $6, $6 from billing.price_book_version where tenant_id = $1 and book = $2
              having not exists (select 1 from changed) returning *)
            select {Columns} from changed union all select {Columns} from made
            """,
            transaction.Tenant, book, effectiveFrom, null, SHA256.HashData(Encoding.UTF8.GetBytes(body)), now);
        command.Parameters[3] = new NpgsqlParameter { Value = body, NpgsqlDbType = NpgsqlDbType.Json };
        return (await ReadAsync(command, cancellationToken))[0];
    }

    /// <returns>False when it is no draft.</returns>
    public static async Task<bool> DeleteDraftAsync(TenantTransaction transaction, string book, int version, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = transaction.Command(
            "delete from billing.price_book_version where tenant_id = $1 and book = $2 and version = $3 and state = 'draft'", transaction.Tenant, book, version);
        return await command.ExecuteNonQueryAsync(cancellationToken) == 1;
    }

    /// <summary>From now on the version never changes, and the meters it bills stay as they are.</summary>
    /// <returns>Null when it is no draft.</returns>
    public static async Task<PriceBookVersion?> PublishAsync(
        TenantTransaction transaction, string book, int version, IReadOnlyCollection<string> meters, DateTimeOffset now, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = transaction.Command(
            $"""
            update billing.price_book_version set state = 'published', published_at = $4, updated_at = $4, revision = revision + 1
            where tenant_id = $1 and book = $2 and version = $3 and state = 'draft' returning {Columns}
            """,
            transaction.Tenant, book, version, now);
        PriceBookVersion? published = (await ReadAsync(command, cancellationToken)) is [var found] ? found : null;
        if (published is not null)
        {
            await using NpgsqlCommand used = transaction.Command(
                "insert into billing.price_meter (tenant_id, book, version, meter) select $1, $2, $3, meter from unnest($4::text[]) as meter", transaction.Tenant, book, version, meters.ToArray());
            await used.ExecuteNonQueryAsync(cancellationToken);
        }

        return published;
    }

    /// <summary>Nobody can subscribe to it any more; who has, stays.</summary>
    /// <returns>Null when it is not published.</returns>
    public static async Task<PriceBookVersion?> ArchiveAsync(TenantTransaction transaction, string book, int version, DateTimeOffset now, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = transaction.Command(
            $"""
            update billing.price_book_version set state = 'archived', archived_at = $4, updated_at = $4, revision = revision + 1
            where tenant_id = $1 and book = $2 and version = $3 and state = 'published' returning {Columns}
            """,
            transaction.Tenant, book, version, now);
        return (await ReadAsync(command, cancellationToken)) is [var found] ? found : null;
    }

    /// <summary>Archives every version that somebody could still subscribe to.</summary>
    public static async Task ArchivePublishedAsync(TenantTransaction transaction, string book, DateTimeOffset now, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = transaction.Command(
            """
            update billing.price_book_version set state = 'archived', archived_at = $3, updated_at = $3, revision = revision + 1
            where tenant_id = $1 and book = $2 and state = 'published'
            """,
            transaction.Tenant, book, now);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>A published version with a plan of this product: <c>standard 2</c>. Null when there is none.</summary>
    public static async Task<string?> FirstOfProductAsync(TenantTransaction transaction, string product, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = transaction.Command(
            """
            select book || ' ' || version from billing.price_book_version
            where tenant_id = $1 and state = 'published' and exists (select 1 from json_array_elements(body -> 'plans') as plan where plan ->> 'product' = $2)
            order by book, version limit 1
            """,
            transaction.Tenant, product);
        return await command.ExecuteScalarAsync(cancellationToken) as string;
    }

    private static async Task<List<PriceBookVersion>> ReadAsync(NpgsqlCommand command, CancellationToken cancellationToken)
    {
        List<PriceBookVersion> versions = [];
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            versions.Add(new PriceBookVersion(
                reader.GetString(0), reader.GetInt32(1), reader.GetString(2), reader.GetFieldValue<DateTimeOffset>(3), reader.GetString(4), reader.GetInt64(5),
                reader.GetFieldValue<DateTimeOffset>(6), reader.GetFieldValue<DateTimeOffset>(7), Instant(reader, 8), Instant(reader, 9)));
        }

        return versions;
    }

    private static DateTimeOffset? Instant(NpgsqlDataReader reader, int column) => reader.IsDBNull(column) ? null : reader.GetFieldValue<DateTimeOffset>(column);
}
