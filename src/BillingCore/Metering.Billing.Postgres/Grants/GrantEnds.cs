using System.Globalization;
using Metering.Billing.Credits;
using Metering.Billing.Ledger;
using Metering.Billing.Postgres.Invoices;
using Metering.Billing.Postgres.Tenancy;
using Npgsql;

namespace Metering.Billing.Postgres.Grants;

/// <summary>What becomes of credit that nobody uses: it is refunded, or it expires.</summary>
public static class GrantEnds
{
    private const string Actor = "grant-expiry";

    /// <summary>Row 20: gives back what was bought and not used.</summary>
    /// <param name="amount">Above zero; null for all that is left.</param>
    /// <exception cref="ArgumentException">Another currency than the grant's.</exception>
    public static async Task<GrantChange> RefundAsync(TenantTransaction transaction, string actor, string id, Money? amount, DateTimeOffset now, CancellationToken cancellationToken)
    {
        if (await GrantStore.FindAsync(transaction, id, cancellationToken) is not { } found)
        {
            return new GrantChange(GrantRefusal.Unknown, null);
        }

        await CustomerMoney.HoldAsync(transaction, [found.Customer], cancellationToken);
        GrantRow grant = (await GrantStore.FindAsync(transaction, id, cancellationToken))!;
        if (Refusal(grant, amount) is not GrantRefusal.None and var refusal)
        {
            return new GrantChange(refusal, null);
        }

        Money refunded = amount ?? grant.Remaining;
        int number = await GrantStore.RefundsAsync(transaction, id, cancellationToken) + 1;
        Booking booking = await Books.BookingAsync(transaction, now, cancellationToken);
        await Books.PostAsync(transaction, [.. GrantPostings.Refunded(id, number, grant.Customer, refunded, booking)], cancellationToken);
        await GrantStore.MoveAsync(transaction, [new GrantMove(id, string.Create(CultureInfo.InvariantCulture, $"refund:{number}"), null, refunded, 0)], now, cancellationToken);
        GrantRow after = grant with { Remaining = grant.Remaining - refunded };
        await GrantEvents.AddAsync(transaction, actor, after, "refunded", now, cancellationToken);
        return new GrantChange(GrantRefusal.None, after);
    }

    /// <summary>
    /// Row 19, in batches: what is left of grants that have expired, once every period that touches the expiry is final. Until then an invoice may still use it. What
    /// was given away lapses, and is no entry.
    /// </summary>
    /// <returns>How many expired; fewer than the limit when none is left.</returns>
    public static async Task<int> ExpireAsync(TenantTransaction transaction, DateTimeOffset now, int limit, CancellationToken cancellationToken)
    {
        (string Id, string Customer)[] due = [.. await DueAsync(transaction, now, limit, cancellationToken)];
        await CustomerMoney.HoldAsync(transaction, [.. due.Select(one => one.Customer).Distinct()], cancellationToken);
        GrantRow[] grants = [.. (await GrantStore.ReadAsync(transaction, [.. due.Select(one => one.Id)], cancellationToken)).Where(grant => grant.State == GrantState.Usable)];
        Booking booking = await Books.BookingAsync(transaction, now, cancellationToken);
        await Books.PostAsync(
            transaction, [.. grants.Where(grant => grant.Kind == GrantKind.Paid).SelectMany(grant => GrantPostings.Expired(grant.Id, grant.Customer, grant.Remaining, booking))], cancellationToken);
        await GrantStore.MoveAsync(
            transaction, [.. grants.Where(grant => grant.Remaining.Sign > 0).Select(grant => new GrantMove(grant.Id, "expired", null, grant.Remaining, 0))], now, cancellationToken);
        await GrantStore.TurnAsync(transaction, [.. grants.Select(grant => grant.Id)], GrantState.Expired, cancellationToken);
        foreach (GrantRow grant in grants)
        {
            await GrantEvents.AddAsync(transaction, Actor, grant with { State = GrantState.Expired, Remaining = Money.Zero(grant.Amount.Currency) }, "expired", now, cancellationToken);
        }

        return due.Length;
    }

    private static GrantRefusal Refusal(GrantRow grant, Money? amount) => (grant.Kind, grant.State) switch
    {
        (GrantKind.Promotional, _) => GrantRefusal.GivenAway,
        (_, GrantState.Pending) => GrantRefusal.NotPaid,
        (_, GrantState.Expired or GrantState.Void) => GrantRefusal.IsGone,
        _ => grant.Remaining.IsZero ? GrantRefusal.NothingLeft : amount > grant.Remaining ? GrantRefusal.TooMuch : GrantRefusal.None,
    };

    /// <summary>Without a draft of the customer, and without a subscription that was running at the expiry and is not billed up to it.</summary>
    private static async Task<List<(string Id, string Customer)>> DueAsync(TenantTransaction transaction, DateTimeOffset now, int limit, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = transaction.Command(
            """
            select id, customer from billing.credit_grant held
            where tenant_id = $1 and state = 'usable' and expires_at <= $2
              and not exists (select from billing.invoice draft where draft.tenant_id = $1 and draft.customer = held.customer and draft.state = 'draft')
              and not exists (
                select from billing.subscription running
                where running.tenant_id = $1 and running.customer = held.customer and running.start_at < held.expires_at and running.bill_at is not null
                  and (running.bill_at <= held.expires_at or not exists (
                    select from billing.invoice final
                    where final.tenant_id = $1 and final.subscription = running.id and final.due_at >= held.expires_at and final.state in ('open', 'paid', 'uncollectible'))))
            order by expires_at, id limit $3
            """,
            transaction.Tenant, now, limit);
        List<(string, string)> due = [];
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            due.Add((reader.GetString(0), reader.GetString(1)));
        }

        return due;
    }
}
