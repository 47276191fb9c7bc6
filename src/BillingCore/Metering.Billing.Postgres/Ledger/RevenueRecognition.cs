using Metering.Billing.Ledger;
using Metering.Billing.Periods;
using Metering.Billing.Postgres.Tenancy;
using Metering.Billing.Proration;
using Metering.Billing.Zones;
using Npgsql;

namespace Metering.Billing.Postgres.Ledger;

/// <summary>What one batch of recognition did.</summary>
/// <param name="Lines">That were looked at.</param>
/// <param name="Posted">Transactions, one for each line and month.</param>
/// <param name="IsLast">Whether nothing was left when it began.</param>
public sealed record RecognizedBatch(int Lines, int Posted, bool IsLast);

/// <summary>
/// Row 9 of the posting table, in batches: deferred lines whose month is over become revenue. A batch posts and notes how far it came in one transaction, and its
/// keys come from line and month, so it may stop anywhere, and be repeated or run twice at a time.
/// </summary>
public static class RevenueRecognition
{
    public const int MaxLines = 500;

    /// <param name="until">The first day of the last month that is wanted; null for every month that is over.</param>
    /// <exception cref="InvalidOperationException">A line's zone is unknown, or the key of a recognition was used for something else.</exception>
    public static async Task<RecognizedBatch> RunAsync(TenantTransaction transaction, IZoneSource zones, DateOnly? until, DateTimeOffset now, CancellationToken cancellationToken)
    {
        List<DueLine> due = await DueAsync(transaction, until, now, cancellationToken);
        if (due.Count == 0)
        {
            return new RecognizedBatch(0, 0, IsLast: true);
        }

        DateOnly open = await LedgerStore.FirstOpenAsync(transaction, DateOnly.MinValue, cancellationToken);
        RecognitionStep[] steps = [.. due.Select(line => line.Step(zones, until, now))];
        LedgerTransaction[] postings = [.. due.Zip(steps).SelectMany(pair => pair.Second.Months.SelectMany(month => Recognition.Post(
            pair.First.Line, pair.First.Customer, month, new Booking(month.LastDay < open ? open : month.LastDay, now))))];
        await PostAsync(transaction, postings, cancellationToken);
        await AdvanceAsync(transaction, due, steps, cancellationToken);
        return new RecognizedBatch(due.Count, postings.Length, IsLast: due.Count < MaxLines);
    }

    private static async Task PostAsync(TenantTransaction transaction, LedgerTransaction[] postings, CancellationToken cancellationToken)
    {
        IReadOnlyList<PostResult> results = await LedgerStore.PostAsync(transaction, postings, PostMode.Atomic, cancellationToken);
        for (int i = 0; i < results.Count; i++)
        {
            if (results[i] is not (PostResult.Posted or PostResult.AlreadyPosted or PostResult.BatchRefused))
            {
                throw new InvalidOperationException($"{postings[i].Key} cannot be posted: {results[i]}.");
            }
        }
    }

    /// <summary>Lines that somebody else is at are passed over: he recognises them, or cancels them.</summary>
    private static async Task<List<DueLine>> DueAsync(TenantTransaction transaction, DateOnly? until, DateTimeOffset now, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = transaction.Command(
            """
            select line, customer, currency, amount, service_start, service_end, zone, unit, recognized, next_month, spread_from from billing.deferred_line
            where tenant_id = $1 and due_at <= $2 and next_month <= $3
            order by due_at, line limit $4 for no key update skip locked
            """,
            transaction.Tenant, now, until ?? DateOnly.MaxValue, MaxLines);
        List<DueLine> due = [];
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            Currency currency = Currency.Of(reader.GetString(2));
            TimeRange service = new(reader.GetFieldValue<DateTimeOffset>(4), reader.GetFieldValue<DateTimeOffset>(5));
            due.Add(new DueLine(
                reader.GetString(0), reader.GetString(1), new Money(reader.GetInt64(3), currency), new Money(reader.GetInt64(8), currency), service, reader.GetString(6),
                Enum.Parse<ProrationUnit>(reader.GetString(7)), reader.GetFieldValue<DateOnly>(9), reader.IsDBNull(10) ? null : reader.GetFieldValue<DateOnly>(10)));
        }

        return due;
    }

    private static async Task AdvanceAsync(TenantTransaction transaction, List<DueLine> due, RecognitionStep[] steps, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = transaction.Command(
            """
            update billing.deferred_line as deferred set recognized = deferred.recognized + done.amount, next_month = done.next_month, due_at = done.due_at
            from unnest($2::text[], $3::bigint[], $4::date[], $5::timestamptz[]) as done (line, amount, next_month, due_at)
            where deferred.tenant_id = $1 and deferred.line = done.line
            """,
            transaction.Tenant,
            due.ConvertAll(line => line.Line).ToArray(),
            Array.ConvertAll(steps, step => step.Months.Sum(month => month.Amount.MinorUnits)),
            Array.ConvertAll(steps, step => step.Next),
            Array.ConvertAll(steps, step => step.DueAt));
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private sealed record DueLine(string Line, string Customer, Money Amount, Money Recognized, TimeRange Service, string Zone, ProrationUnit Unit, DateOnly Next, DateOnly? SpreadFrom)
    {
        public RecognitionStep Step(IZoneSource zones, DateOnly? until, DateTimeOffset now)
        {
            ZoneRules zone = zones.Find(Zone) ?? throw new InvalidOperationException($"Line {Line} is in zone {Zone}, which is not known.");
            TimeRange spread = SpreadFrom is { } month ? new TimeRange(Service.Clamp(zone.StartOf(month)), Service.End) : Service;
            return Recognition.Step(Amount, Recognized, spread, zone, Unit, Next, until, now);
        }
    }
}
