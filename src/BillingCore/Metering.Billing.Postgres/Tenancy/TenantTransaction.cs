using Metering.Storage.Postgres;
using Npgsql;

namespace Metering.Billing.Postgres.Tenancy;

/// <summary>One transaction over one tenant's rows. Undone unless committed. Not safe for concurrent use.</summary>
public sealed class TenantTransaction : IAsyncDisposable
{
    private const string Point = "before_work";

    private readonly NpgsqlConnection _connection;
    private readonly NpgsqlTransaction _transaction;

    internal TenantTransaction(string tenant, NpgsqlConnection connection, NpgsqlTransaction transaction)
    {
        Tenant = tenant;
        _connection = connection;
        _transaction = transaction;
    }

    public string Tenant { get; }

    /// <summary>A command with positional parameters, in this transaction.</summary>
    public NpgsqlCommand Command(string sql, params ReadOnlySpan<object?> values) => _connection.Command(sql, values);

    /// <summary>Commands that are sent together: one round trip, one after the other.</summary>
    public NpgsqlBatch Batch(params ReadOnlySpan<NpgsqlBatchCommand> commands)
    {
        NpgsqlBatch batch = new(_connection);
        foreach (NpgsqlBatchCommand command in commands)
        {
            batch.BatchCommands.Add(command);
        }

        return batch;
    }

    /// <summary>What comes after can be undone by <see cref="UndoAsync"/> without what came before.</summary>
    public Task SaveAsync(CancellationToken cancellationToken) => _transaction.SaveAsync(Point, cancellationToken);

    /// <summary>Back to <see cref="SaveAsync"/>, whatever failed since.</summary>
    public Task UndoAsync(CancellationToken cancellationToken) => _transaction.RollbackAsync(Point, cancellationToken);

    public Task CommitAsync(CancellationToken cancellationToken) => _transaction.CommitAsync(cancellationToken);

    public async ValueTask DisposeAsync()
    {
        await _transaction.DisposeAsync();
        await _connection.DisposeAsync();
    }
}
