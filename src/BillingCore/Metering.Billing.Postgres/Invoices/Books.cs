using Metering.Billing.Ledger;
using Metering.Billing.Postgres.Ledger;
using Metering.Billing.Postgres.Tenancy;

namespace Metering.Billing.Postgres.Invoices;

/// <summary>How invoices, payments and grants post: all of one change or nothing, on the UTC day of the instant of writing or the first day that is open.</summary>
internal static class Books
{
    public static async Task<Booking> BookingAsync(TenantTransaction transaction, DateTimeOffset now, CancellationToken cancellationToken) =>
        new(await LedgerStore.FirstOpenAsync(transaction, DateOnly.FromDateTime(now.UtcDateTime), cancellationToken), now);

    /// <returns>False when something would spend what is not there.</returns>
    /// <exception cref="InvalidOperationException">The ledger refuses for a reason that a correct program never gives it.</exception>
    public static async Task<bool> TryPostAsync(TenantTransaction transaction, IReadOnlyList<LedgerTransaction> transactions, CancellationToken cancellationToken)
    {
        IReadOnlyList<PostResult> results = await LedgerStore.PostAsync(transaction, transactions, PostMode.Atomic, cancellationToken);
        for (int i = 0; i < results.Count; i++)
        {
            if (results[i] is not (PostResult.Posted or PostResult.BatchRefused or PostResult.Overdrawn))
            {
                throw new InvalidOperationException($"{transactions[i].Key} cannot be posted: {results[i]}.");
            }
        }

        return !results.Contains(PostResult.Overdrawn);
    }

    /// <inheritdoc cref="TryPostAsync"/>
    /// <exception cref="InvalidOperationException">It would spend what is not there either.</exception>
    public static async Task PostAsync(TenantTransaction transaction, IReadOnlyList<LedgerTransaction> transactions, CancellationToken cancellationToken)
    {
        if (!await TryPostAsync(transaction, transactions, cancellationToken))
        {
            throw new InvalidOperationException($"{string.Join(", ", transactions.Select(one => one.Key))}: an account would be overdrawn that was read before. Somebody posted beside it; do it again.");
        }
    }
}
