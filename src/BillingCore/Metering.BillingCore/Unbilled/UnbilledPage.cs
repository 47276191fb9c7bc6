using Metering.Aggregator.Engine.Meters;
using Metering.Billing.Postgres.Tenancy;
using Metering.Billing.Unbilled;
using Metering.BillingCore.Http;
using Metering.BillingCore.Metered;
using Metering.Storage.ClickHouse;

namespace Metering.BillingCore.Unbilled;

/// <summary>One page of unbilled usage, as of a done seal and of the mapping and the subscriptions as they are recorded now.</summary>
/// <param name="Next">Null after the last page. A page may hold fewer rows than asked for, even none, and not be the last: a request looks at a limited number of subjects.</param>
internal sealed record UnbilledPage(SealedUsage Seal, IReadOnlyList<UnbilledRow> Rows, UnbilledCursor? Next)
{
    /// <exception cref="RefusedException">There is no seal yet, or no such meter.</exception>
    public static async Task<UnbilledPage> ReadAsync(TenantTransaction transaction, ClickHouseDatabase database, UnbilledRequest request, CancellationToken cancellationToken)
    {
        SealedUsage seal = await SealedUsage.FindAsync(database, request.After?.Seal, cancellationToken)
            ?? throw RefusedException.Conflict(request.After is null ? "No seal is done yet: usage is billed, and looked at, as of a seal." : "The seal that this cursor is of is gone. Begin again without it.");
        Dictionary<string, MeterRevision> meters = await CountedRevisions.ReadAsync(transaction, cancellationToken);
        if (request.Meter is { } named && !meters.ContainsKey(named))
        {
            throw RefusedException.BadRequest($"meter: there is no meter '{named}' with usage.");
        }

        Walk walk = new(transaction, request, seal);
        foreach (string slug in meters.Keys.Where(slug => request.Meter is null || slug == request.Meter).Order(StringComparer.Ordinal).SkipWhile(slug => string.CompareOrdinal(slug, request.After?.Meter) < 0))
        {
            await walk.ThroughAsync(slug, new UnbilledWindows(database, transaction.Tenant, seal, meters[slug], request.Range), cancellationToken);
            if (walk.EndedAt is not null)
            {
                break;
            }
        }

        return new UnbilledPage(seal, walk.Rows, walk.EndedAt);
    }

    /// <summary>Goes through subjects that have usage, some at a time, until the page is full or enough was looked at.</summary>
    private sealed class Walk(TenantTransaction transaction, UnbilledRequest request, SealedUsage seal)
    {
        private const int SubjectsAtOnce = 500;
        private const int MaxSubjects = 10_000;

        private int _looked;

        public List<UnbilledRow> Rows { get; } = [];

        /// <summary>Null while the end is not reached.</summary>
        public UnbilledCursor? EndedAt { get; private set; }

        public async Task ThroughAsync(string meter, UnbilledWindows windows, CancellationToken cancellationToken)
        {
            UnbilledCursor? at = request.After?.Meter == meter ? request.After : null;
            while (EndedAt is null && await windows.SubjectsAsync(request.Subject, at?.Subject, at is { Row: null }, SubjectsAtOnce, cancellationToken) is [.., var last] subjects)
            {
                IReadOnlyList<(string Subject, UnbilledTime Time)> times = await SubjectTimes.ReadAsync(transaction, meter, subjects, request.Range, cancellationToken);
                times = [.. times.Where(one => windows.CanFilter(one.Time) && (request.Reason is null || one.Time.Reason == request.Reason))];
                if (times.Count > 0)
                {
                    Rows.AddRange(await windows.ReadAsync(meter, times, request.ByCell, at, request.Limit - Rows.Count, cancellationToken));
                }

                _looked += subjects.Count;
                at = new UnbilledCursor(seal.Number, meter, last, Row: null, []);
                EndedAt = Rows.Count == request.Limit ? After(Rows[^1]) : _looked >= MaxSubjects ? at : null;
            }
        }

        private UnbilledCursor After(UnbilledRow row) => new(seal.Number, row.Meter, row.Subject, row.Key, [.. row.Cell.Values.Select(one => one.Value)]);
    }
}
