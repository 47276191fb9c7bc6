using Metering.Billing.Invoicing;
using Metering.Billing.Ledger;
using Metering.Billing.Postgres.Grants;
using Metering.Billing.Postgres.Ledger;
using Metering.Billing.Postgres.Tenancy;
using Npgsql;

namespace Metering.Billing.Postgres.Invoices;

/// <summary>How an invoice ends that is not paid: it was wrong, or nobody will pay it.</summary>
public static class InvoiceClosing
{
    /// <summary>
    /// Takes back everything the invoice did: what was posted and recognised, grants, customer credit. Unless it is waived, what it billed is billed again: the
    /// subscription becomes due at once. When what it gave is spent, the caller's transaction is undone.
    /// </summary>
    /// <param name="waives">Whether nothing of it is billed again.</param>
    public static async Task<Change<InvoiceRow>> VoidAsync(
        TenantTransaction transaction, string actor, string id, string reason, bool waives, DateTimeOffset now, CancellationToken cancellationToken)
    {
        if ((await InvoiceStore.HoldAsync(transaction, [id], cancellationToken)).GetValueOrDefault(id) is not { } invoice)
        {
            return InvoiceRefusal.Unknown;
        }

        bool hasPayments = (await Payments.OfInvoiceAsync(transaction, id, cancellationToken)).Count > 0;
        bool hasNotes = (await CreditNoteStore.OfInvoicesAsync(transaction, [id], cancellationToken)).Any(note => !note.IsVoid);
        if (InvoiceLife.Void(invoice.State, hasPayments, hasNotes) is not InvoiceRefusal.None and var refusal)
        {
            return refusal;
        }

        IReadOnlyList<(string Invoice, GrantRow Grant, Money Used, int Order)> used = await GrantStore.UsedOnAsync(transaction, [id], cancellationToken);
        if (!await ReverseAsync(transaction, invoice, used, reason, now, cancellationToken))
        {
            return InvoiceRefusal.Spent;
        }

        await GrantStore.MoveAsync(
            transaction, [.. used.Where(one => !IsGone(one.Grant, now)).Select(one => new GrantMove(one.Grant.Id, $"invoice:{id}:voided", id, -one.Used, one.Order))], now, cancellationToken);
        await GrantStore.TurnSoldAsync(transaction, [id], GrantState.Void, cancellationToken);
        InvoiceRow after = invoice with { State = InvoiceState.Void, Remaining = Money.Zero(invoice.Currency), ClosedAt = now, ClosingReason = waives ? $"{reason} (waived)" : reason };
        await InvoiceEvents.ChangeAsync(transaction, actor, invoice, new InvoiceEvent(after, "voided", reason), now, cancellationToken);
        if (invoice.Subscription is { } subscription)
        {
            await (waives ? WaiveAsync(transaction, id, cancellationToken) : BillAgainAsync(transaction, id, subscription, cancellationToken));
        }

        return after with { Revision = invoice.Revision + 1 };
    }

    /// <summary>Nobody expects the rest any more. A payment that comes all the same is taken.</summary>
    public static async Task<Change<InvoiceRow>> WriteOffAsync(
        TenantTransaction transaction, string actor, string id, string reason, DateTimeOffset now, CancellationToken cancellationToken)
    {
        if ((await InvoiceStore.HoldAsync(transaction, [id], cancellationToken)).GetValueOrDefault(id) is not { } invoice)
        {
            return InvoiceRefusal.Unknown;
        }

        if (InvoiceLife.WriteOff(invoice.State) is not InvoiceRefusal.None and var refusal)
        {
            return refusal;
        }

        Booking booking = await Books.BookingAsync(transaction, now, cancellationToken);
        await Books.PostAsync(transaction, [.. InvoicePostings.WrittenOff(id, invoice.Customer, invoice.Remaining, booking)], cancellationToken);
        InvoiceRow after = invoice with { State = InvoiceState.Uncollectible, ClosedAt = now, ClosingReason = reason };
        await InvoiceEvents.ChangeAsync(transaction, actor, invoice, new InvoiceEvent(after, "written_off", reason), now, cancellationToken);
        return after with { Revision = invoice.Revision + 1 };
    }

    /// <summary>Rows 1 to 6 and 9 in one reversal. What returns to a paid grant that is gone is the customer's credit.</summary>
    private static async Task<bool> ReverseAsync(
        TenantTransaction transaction, InvoiceRow invoice, IReadOnlyList<(string Invoice, GrantRow Grant, Money Used, int Order)> used, string reason, DateTimeOffset now,
        CancellationToken cancellationToken)
    {
        string[] lines = [.. (await InvoiceStore.LinesAsync(transaction, [invoice.Id], cancellationToken)).Where(line => line.Recognition == LineRecognition.Advance).Select(line => line.Id)];
        IReadOnlyList<string> recognised = lines.Length == 0 ? [] : await Deferrals.CancelAsync(transaction, lines, now, cancellationToken);
        string[] keys =
        [
            $"invoice:{invoice.Id}:finalized", .. used.Select(one => $"invoice:{invoice.Id}:grant:{one.Grant.Id}"), $"invoice:{invoice.Id}:credit", $"invoice:{invoice.Id}:carried", .. recognised,
        ];
        IReadOnlyDictionary<string, LedgerTransaction> posted = await LedgerStore.ReadAsync(transaction, keys, cancellationToken);
        Booking booking = await Books.BookingAsync(transaction, now, cancellationToken);
        LedgerTransaction[] there = [.. keys.Where(posted.ContainsKey).Select(key => posted[key])];
        return there.Length == 0 || await Books.TryPostAsync(
            transaction,
            [
                InvoicePostings.Voided(invoice.Id, there, booking, reason),
                .. used.Where(one => one.Grant.Kind == Credits.GrantKind.Paid && IsGone(one.Grant, now))
                    .SelectMany(one => InvoicePostings.VoidedToCredit(invoice.Id, invoice.Customer, new GrantUse(one.Grant.Id, one.Used), booking)),
            ],
            cancellationToken);
    }

    private static bool IsGone(GrantRow grant, DateTimeOffset now) => grant.State == GrantState.Expired || (grant.Kind == Credits.GrantKind.Paid && grant.ExpiresAt <= now);

    /// <summary>Its lines count as billed, with nothing left to credit.</summary>
    private static async Task WaiveAsync(TenantTransaction transaction, string id, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = transaction.Command("update billing.invoice set waived = true where tenant_id = $1 and id = $2", transaction.Tenant, id);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>
    /// The subscription is due again at the instant of the voided invoice, from the one before that stands on, or from its beginning; what other invoices have billed since is not billed
    /// again. Charges that it took from corrections wait again.
    /// </summary>
    private static async Task BillAgainAsync(TenantTransaction transaction, string id, string subscription, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand due = transaction.Command(
            """
            update billing.subscription s set bill_at = least(s.bill_at, i.due_at), bill_waits_for = null, bill_looks_at = null, billed_to = nullif(least(coalesce(s.billed_to, '-infinity'), coalesce(
              (select max(e.due_at) from billing.invoice e where e.tenant_id = $1 and e.subscription = $3 and e.due_at < i.due_at and e.state not in ('draft', 'void')), '-infinity')), '-infinity')
            from billing.invoice i where i.tenant_id = $1 and i.id = $2 and s.tenant_id = $1 and s.id = $3
            """,
            transaction.Tenant, id, subscription);
        await due.ExecuteNonQueryAsync(cancellationToken);
        await using NpgsqlCommand again = transaction.Command("update billing.pending_charge set invoice = null where tenant_id = $1 and invoice = $2", transaction.Tenant, id);
        await again.ExecuteNonQueryAsync(cancellationToken);
    }
}
