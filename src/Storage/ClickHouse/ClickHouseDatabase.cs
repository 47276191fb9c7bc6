using System.Runtime.InteropServices;
using ClickHouse.Driver;
using ClickHouse.Driver.ADO;
using ClickHouse.Driver.ADO.Parameters;
using ClickHouse.Driver.ADO.Readers;
using Metering.Storage.Migrations;

namespace Metering.Storage.ClickHouse;

/// <summary>The ClickHouse database: its client and its schema. Safe for concurrent use.</summary>
public sealed class ClickHouseDatabase : IDisposable
{
    private const string DefaultName = "metering";

    /// <summary>
    /// Set explicitly because defaults changed between versions: an insert is answered when its rows are on disk, and it is never dropped
    /// as a repetition (rows are identities, so repeating one is harmless, and block deduplication loses data when the server is killed).
    /// </summary>
    private static readonly Dictionary<string, object> s_insertSettings = new()
    {
        ["async_insert"] = 0,
        ["wait_end_of_query"] = 1,
        ["deduplicate_insert"] = "disable",

        // Collapse equal keys within the block: there are none, and looking for them is a third of an insert's time.
        ["optimize_on_insert"] = 0,
    };

    /// <summary>A statement may carry the list of whose usage it reads, which is longer than the 256 KiB that a server takes by default.</summary>
    private static readonly Dictionary<string, object> s_querySettings = new() { ["max_query_size"] = 64 << 20 };

    private readonly ClickHouseClient _client;
    private readonly ClickHouseClientSettings _settings;

    /// <param name="endpoint"><c>http://[user:password@]host:port[/database]</c>, or a connection string of ClickHouse.Driver.</param>
    /// <param name="http">Carries the requests; null for the driver's own.</param>
    public ClickHouseDatabase(string endpoint, HttpClient? http = null)
    {
        _settings = new ClickHouseClientSettings(Settings(endpoint)) { HttpClient = http };
        Name = _settings.Database;
        _client = new ClickHouseClient(_settings);
    }

    /// <summary>The database's name, plain letters, digits and underscores.</summary>
    public string Name { get; }

    /// <summary>Makes the database when it is missing and brings its schema up to date. Every statement can be repeated.</summary>
    public async Task MigrateAsync(CancellationToken cancellationToken)
    {
        using (ClickHouseClient server = new(new ClickHouseClientSettings(_settings) { Database = "default" }))
        {
            await server.ExecuteNonQueryAsync($"CREATE DATABASE IF NOT EXISTS {Name}", null, null, cancellationToken);
        }

        await ExecuteAsync(
            "CREATE TABLE IF NOT EXISTS schema_migrations (version UInt32, name String, checksum String, applied_at DateTime DEFAULT now()) ENGINE = ReplacingMergeTree ORDER BY version",
            cancellationToken);
        Dictionary<uint, string> applied = [];
        await using (ClickHouseDataReader reader = await QueryAsync("SELECT version, checksum FROM schema_migrations FINAL", [], cancellationToken))
        {
            while (await reader.ReadAsync(cancellationToken))
            {
                applied.Add(reader.GetFieldValue<uint>(0), reader.GetString(1));
            }
        }

        foreach (MigrationScript script in MigrationScript.Of("ClickHouse"))
        {
            await ApplyAsync(script, applied, cancellationToken);
        }
    }

    public Task ExecuteAsync(string sql, CancellationToken cancellationToken) => ExecuteAsync(sql, [], cancellationToken);

    /// <param name="parameters">Values of <c>{name:Type}</c> in the SQL.</param>
    public async Task ExecuteAsync(string sql, IReadOnlyList<(string Name, object Value)> parameters, CancellationToken cancellationToken) =>
        await _client.ExecuteNonQueryAsync(sql, Collect(parameters), new QueryOptions { CustomSettings = s_insertSettings }, cancellationToken);

    /// <inheritdoc cref="ExecuteAsync(string, IReadOnlyList{ValueTuple{string, object}}, CancellationToken)"/>
    public Task<ClickHouseDataReader> QueryAsync(string sql, IReadOnlyList<(string Name, object Value)> parameters, CancellationToken cancellationToken) =>
        _client.ExecuteReaderAsync(sql, Collect(parameters), new QueryOptions { CustomSettings = s_querySettings }, cancellationToken);

    /// <summary>The answer as bytes of the FORMAT the statement names, streamed.</summary>
    public Task<ClickHouseRawResult> QueryRawAsync(string sql, CancellationToken cancellationToken) =>
        _client.ExecuteRawResultAsync(sql, new QueryOptions(), cancellationToken);

    /// <summary>Inserts rows given in RowBinary as one block, and returns when they are on disk.</summary>
    /// <exception cref="Exception">Anything: whether the rows arrived is then unknown, and sending them again is safe.</exception>
    public async Task InsertRowBinaryAsync(string table, IEnumerable<string> columns, ReadOnlyMemory<byte> rows, CancellationToken cancellationToken)
    {
        if (!MemoryMarshal.TryGetArray(rows, out ArraySegment<byte> segment))
        {
            segment = rows.ToArray();
        }

        using MemoryStream stream = new(segment.Array!, segment.Offset, segment.Count, writable: false);
        using HttpResponseMessage response = await _client.InsertRawStreamAsync(
            table, stream, "RowBinary", columns, useCompression: false, new QueryOptions { CustomSettings = s_insertSettings }, cancellationToken);
    }

    public Task<bool> PingAsync(CancellationToken cancellationToken) => _client.PingAsync(null, cancellationToken);

    public void Dispose() => _client.Dispose();

    private async Task ApplyAsync(MigrationScript script, Dictionary<uint, string> applied, CancellationToken cancellationToken)
    {
        if (applied.TryGetValue((uint)script.Version, out string? checksum))
        {
            if (checksum != script.Checksum)
            {
                throw new MigrationException($"Migration {script.Name} differs from the one that was applied to the ClickHouse database {Name}.");
            }

            return;
        }

        foreach (string statement in script.Statements())
        {
            await ExecuteAsync(statement, cancellationToken);
        }

        await ExecuteAsync(
            "INSERT INTO schema_migrations (version, name, checksum) SELECT {version:UInt32}, {name:String}, {checksum:String}",
            [("version", script.Version), ("name", script.Name), ("checksum", script.Checksum)],
            cancellationToken);
    }

    private static ClickHouseParameterCollection? Collect(IReadOnlyList<(string Name, object Value)> parameters)
    {
        if (parameters.Count == 0)
        {
            return null;
        }

        ClickHouseParameterCollection collection = [];
        foreach ((string name, object value) in parameters)
        {
            collection.Add(new ClickHouseDbParameter { ParameterName = name, Value = value });
        }

        return collection;
    }

    private static ClickHouseClientSettings Settings(string endpoint)
    {
        ClickHouseClientSettings settings = Uri.TryCreate(endpoint, UriKind.Absolute, out Uri? uri) && uri.Scheme is "http" or "https"
            ? FromUri(new Uri(endpoint))
            : new ClickHouseClientSettings(endpoint);
        string name = settings.Database is null or "" or "default" ? DefaultName : settings.Database;
        if (!name.All(letter => char.IsAsciiLetterOrDigit(letter) || letter == '_'))
        {
            throw new ArgumentException($"'{name}' is not a database name: use letters, digits and underscores.", nameof(endpoint));
        }

        return new ClickHouseClientSettings(settings) { Database = name, UseCompression = false, Timeout = TimeSpan.FromMinutes(5) };
    }

    private static ClickHouseClientSettings FromUri(Uri uri)
    {
        string[] user = uri.UserInfo.Split(':', 2);
        return new ClickHouseClientSettings
        {
            Protocol = uri.Scheme,
            Host = uri.Host,
            Port = (ushort)uri.Port,
            Database = uri.AbsolutePath.Trim('/'),
            Username = user[0] is "" ? "default" : Uri.UnescapeDataString(user[0]),
            Password = user.Length > 1 ? Uri.UnescapeDataString(user[1]) : "",
        };
    }
}
