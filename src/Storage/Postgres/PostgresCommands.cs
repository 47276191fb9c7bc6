using Npgsql;

namespace Metering.Storage.Postgres;

/// <summary>Commands with positional parameters (<c>$1</c>, <c>$2</c>, …) in one expression.</summary>
public static class PostgresCommands
{
    /// <param name="values">Null becomes SQL null. Arrays are sent as arrays.</param>
    public static NpgsqlCommand Command(this NpgsqlDataSource source, string sql, params ReadOnlySpan<object?> values)
    {
        NpgsqlCommand command = source.CreateCommand(sql);
        AddTo(command.Parameters, values);
        return command;
    }

    /// <inheritdoc cref="Command(NpgsqlDataSource, string, ReadOnlySpan{object})"/>
    public static NpgsqlCommand Command(this NpgsqlConnection connection, string sql, params ReadOnlySpan<object?> values)
    {
        NpgsqlCommand command = new(sql, connection);
        AddTo(command.Parameters, values);
        return command;
    }

    /// <inheritdoc cref="Command(NpgsqlDataSource, string, ReadOnlySpan{object})"/>
    public static NpgsqlBatchCommand BatchCommand(string sql, params ReadOnlySpan<object?> values)
    {
        NpgsqlBatchCommand command = new(sql);
        AddTo(command.Parameters, values);
        return command;
    }

    private static void AddTo(NpgsqlParameterCollection parameters, ReadOnlySpan<object?> values)
    {
        foreach (object? value in values)
        {
            parameters.Add(new NpgsqlParameter { Value = value ?? DBNull.Value });
        }
    }
}
