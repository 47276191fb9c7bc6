using BenchmarkDotNet.Attributes;
using Metering.Billing;
using Metering.Billing.Ledger;
using Metering.Billing.Postgres.Ledger;
using Metering.Billing.Postgres.Tenancy;
using Metering.Embedded.Postgres;
using Metering.Storage.Postgres;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace Metering.Benchmarks.Billing;

/// <summary>
/// Posting in PostgreSQL, per transaction of three entries (receivable, revenue, tax), beside bare inserts of the same rows: tables with the same columns and
/// indexes, or with their primary keys only, without checks, balances and tenants. Each commits.
/// </summary>
public class LedgerBenchmarks
{
    private const int Batch = 100;
    private const int Writers = 16;
    private const int PerWriter = 10;
    private const string Tenant = "bench";

    private const string BareTables =
        """
        create schema bare;
        create table bare.transaction_indexed (like billing.ledger_transaction including identity including indexes);
        create table bare.entry_indexed (like billing.ledger_entry including indexes);
        create table bare.transaction_plain (like billing.ledger_transaction including identity, primary key (tenant_id, seq));
        create table bare.entry_plain (like billing.ledger_entry, primary key (tenant_id, seq, n));
        """;

    private static readonly Currency s_usd = Currency.Of("USD");
    private static readonly DateTimeOffset s_noon = new(2026, 1, 31, 12, 0, 0, TimeSpan.Zero);

    private readonly string _folder = Path.Combine(Path.GetTempPath(), $"metering-ledger-benchmark-{Environment.ProcessId}");
    private EmbeddedPostgres _server = null!;
    private PostgresDatabase _postgres = null!;
    private TenantDatabase _database = null!;
    private long _number;

    [GlobalSetup]
    public async Task SetupAsync()
    {
        _server = await EmbeddedPostgres.StartAsync(new EmbeddedPostgresOptions { DataPath = Path.Combine(_folder, "postgres") }, NullLoggerFactory.Instance, TimeProvider.System, CancellationToken.None);
        _postgres = new PostgresDatabase(_server.ConnectionString);
        await _postgres.MigrateAsync(CancellationToken.None);
        await using NpgsqlCommand tables = _postgres.Source.CreateCommand(BareTables);
        await tables.ExecuteNonQueryAsync();
        _database = new TenantDatabase(_postgres);
        await PostAsync(Enumerable.Range(0, Batch).Select(Customer));
    }

    [GlobalCleanup]
    public async Task CleanupAsync()
    {
        await _postgres.DisposeAsync();
        await _server.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Benchmark]
    public Task BareSingle() => BareAsync(1, "indexed");

    [Benchmark]
    public Task PostSingle() => PostAsync([Customer(7)]);

    [Benchmark(OperationsPerInvoke = Batch)]
    public Task BareBatchOfPrimaryKeysOnly() => BareAsync(Batch, "plain");

    [Benchmark(OperationsPerInvoke = Batch)]
    public Task BareBatch() => BareAsync(Batch, "indexed");

    [Benchmark(OperationsPerInvoke = Batch)]
    public Task PostBatch() => PostAsync(Enumerable.Range(0, Batch).Select(Customer));

    /// <summary>Many at once, one transaction each.</summary>
    [Benchmark(OperationsPerInvoke = Writers * PerWriter)]
    public Task BareManyWriters() => RepeatAsync(_ => BareAsync(1, "indexed"));

    /// <summary>All of them in one revenue and one tax account of the tenant, for customers of their own.</summary>
    [Benchmark(OperationsPerInvoke = Writers * PerWriter)]
    public Task PostManyWritersOnAccountsOfTheTenant() => RepeatAsync(writer => PostAsync([Customer(writer)]));

    /// <summary>All of them for one customer, whose balance is locked until each commits.</summary>
    [Benchmark(OperationsPerInvoke = Writers * PerWriter)]
    public Task PostManyWritersOnOneCustomer() => RepeatAsync(_ => PostAsync([Customer(0)]));

    private static Task RepeatAsync(Func<int, Task> once) => Task.WhenAll(Enumerable.Range(0, Writers).Select(writer => Task.Run(async () =>
    {
        for (int i = 0; i < PerWriter; i++)
        {
            await once(writer);
        }
    })));

    private LedgerTransaction Customer(int customer) => LedgerTransaction.Create(
        Key(),
        new Booking(new DateOnly(2026, 1, 31), s_noon),
        [
            new Entry(Account.OfCustomer(AccountKind.Receivable, $"customer-{customer}"), Direction.Debit, new Money(7200, s_usd)),
            new Entry(Account.OfTenant(AccountKind.Revenue), Direction.Credit, new Money(6000, s_usd)),
            new Entry(Account.OfTenant(AccountKind.TaxPayable), Direction.Credit, new Money(1200, s_usd)),
        ]);

    private string Key() => FormattableString.Invariant($"invoice:inv_{Interlocked.Increment(ref _number):00000000000000000000000000}:finalized");

    private async Task PostAsync(IEnumerable<LedgerTransaction> transactions)
    {
        await using TenantTransaction transaction = await _database.BeginAsync(Tenant, CancellationToken.None);
        IReadOnlyList<PostResult> results = await LedgerStore.PostAsync(transaction, [.. transactions], PostMode.Atomic, CancellationToken.None);
        await transaction.CommitAsync(CancellationToken.None);
        if (results.Any(result => result != PostResult.Posted))
        {
            throw new InvalidOperationException($"Not posted: {string.Join(", ", results)}");
        }
    }

    private async Task BareAsync(int count, string tables)
    {
        string[] keys = [.. Enumerable.Range(0, count).Select(_ => Key())];
        await using NpgsqlConnection connection = await _postgres.Source.OpenConnectionAsync();
        await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync();
        await using NpgsqlCommand insert = connection.Command(
            $"""
            with added as (
              insert into bare.transaction_{tables} (tenant_id, key, effective_on, booked_at, reason, reverses, entries)
              select $1, key, $3, $4, '', array[]::text[], 3 from unnest($2::text[]) as key returning seq)
            insert into bare.entry_{tables} (tenant_id, seq, n, account, amount)
            select $1, seq, n, n, amount from added, (values (1, 7200), (2, -6000), (3, -1200)) as entry (n, amount)
            """,
            Tenant, keys, new DateOnly(2026, 1, 31), s_noon);
        await insert.PrepareAsync();
        await insert.ExecuteNonQueryAsync();
        await transaction.CommitAsync();
    }
}
