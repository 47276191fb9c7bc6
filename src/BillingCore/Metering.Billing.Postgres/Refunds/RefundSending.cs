using System.Text.Json;
using Metering.Billing.Ledger;
using Metering.Billing.Postgres.Audit;
using Metering.Billing.Postgres.Grants;
using Metering.Billing.Postgres.Invoices;
using Metering.Billing.Postgres.Ledger;
using Metering.Billing.Postgres.Outbox;
using Metering.Billing.Postgres.Tenancy;

namespace Metering.Billing.Postgres.Refunds;

/// <summary>Row 14: money that was payable is sent, or comes back. What of a credit note or a grant is payable is sent once.</summary>
public static class RefundSending
{
    /// <summary>The same refund again is the one that was recorded: a reference pays out once.</summary>
    public static async Task<RefundChange> SendAsync(TenantTransaction transaction, string actor, RefundToSend refund, DateTimeOffset now, CancellationToken cancellationToken)
    {
        if (await CustomerOfAsync(transaction, refund.Source, cancellationToken) is not { } customer)
        {
            return RefundRefusal.UnknownSource;
        }

        await CustomerMoney.HoldAsync(transaction, [customer], cancellationToken);
        RefundRow row = new(
            DerivedId.Of("re", transaction.Tenant, refund.Reference), refund.Reference, customer, refund.Source, refund.Amount, refund.SentAt, now, FailedAt: null, FailReason: null);
        if (await RefundStore.FindAsync(transaction, row.Id, cancellationToken) is { } before)
        {
            return Same(before, refund);
        }

        Money payable = await PayableAsync(transaction, refund.Source, cancellationToken);
        if (payable.Currency != refund.Amount.Currency || refund.Amount > payable)
        {
            return payable.Currency != refund.Amount.Currency ? RefundRefusal.OtherCurrency : payable.IsZero ? RefundRefusal.NothingLeft : RefundRefusal.TooMuch;
        }

        if (!await RefundStore.AddAsync(transaction, row, cancellationToken))
        {
            return Same((await RefundStore.FindAsync(transaction, row.Id, cancellationToken))!, refund); // somebody else used it for another customer in this moment
        }

        Booking booking = await Books.BookingAsync(transaction, now, cancellationToken);
        if (!await Books.TryPostAsync(transaction, [.. CreditNotePostings.RefundSent(row.Id, row.Amount, booking)], cancellationToken))
        {
            return RefundRefusal.Overdrawn;
        }

        await TellAsync(transaction, actor, row, now, cancellationToken);
        return row;
    }

    /// <summary>The money came back: it is payable again, under another reference.</summary>
    public static async Task<RefundChange> FailAsync(TenantTransaction transaction, string actor, string id, string reason, DateTimeOffset now, CancellationToken cancellationToken)
    {
        if (await RefundStore.FindAsync(transaction, id, cancellationToken) is not { } found)
        {
            return RefundRefusal.Unknown;
        }

        await CustomerMoney.HoldAsync(transaction, [found.Customer], cancellationToken);
        RefundRow sent = (await RefundStore.FindAsync(transaction, id, cancellationToken))!;
        if (sent.FailedAt is not null)
        {
            return RefundRefusal.HasFailed;
        }

        string key = $"refund:{id}";
        LedgerTransaction posted = (await LedgerStore.ReadAsync(transaction, [key], cancellationToken))[key];
        await Books.PostAsync(transaction, [CreditNotePostings.RefundFailed(id, posted, await Books.BookingAsync(transaction, now, cancellationToken), reason)], cancellationToken);
        await RefundStore.FailAsync(transaction, id, reason, now, cancellationToken);
        RefundRow failed = sent with { FailedAt = now, FailReason = reason };
        await TellAsync(transaction, actor, failed, now, cancellationToken);
        return failed;
    }

    private static RefundChange Same(RefundRow before, RefundToSend refund) =>
        (before.Source, before.Amount) == (refund.Source, refund.Amount) ? before : RefundRefusal.ReferenceUsed;

    private static async Task<string?> CustomerOfAsync(TenantTransaction transaction, RefundSource source, CancellationToken cancellationToken) => source.Note is { } note
        ? (await CreditNoteStore.FindAsync(transaction, note, cancellationToken))?.Customer
        : (await GrantStore.FindAsync(transaction, source.Grant!, cancellationToken))?.Customer;

    /// <summary>What was to be refunded and is not sent.</summary>
    private static async Task<Money> PayableAsync(TenantTransaction transaction, RefundSource source, CancellationToken cancellationToken)
    {
        Money left;
        if (source.Note is { } id)
        {
            CreditNoteRow note = (await CreditNoteStore.FindAsync(transaction, id, cancellationToken))!;
            left = note is { Refunds: true, IsVoid: false } ? note.Rest : Money.Zero(note.Rest.Currency);
        }
        else
        {
            left = await GrantStore.RefundedAsync(transaction, (await GrantStore.FindAsync(transaction, source.Grant!, cancellationToken))!, cancellationToken);
        }

        return left - new Money(await RefundStore.SentAsync(transaction, source, cancellationToken), left.Currency);
    }

    private static async Task TellAsync(TenantTransaction transaction, string actor, RefundRow refund, DateTimeOffset now, CancellationToken cancellationToken)
    {
        string body = JsonSerializer.Serialize(new Dictionary<string, string?>
        {
            ["refund"] = refund.Id,
            ["reference"] = refund.Reference,
            ["customer"] = refund.Customer,
            ["credit_note"] = refund.Source.Note,
            ["grant"] = refund.Source.Grant,
            ["state"] = refund.State,
            ["currency"] = refund.Amount.Currency.Code,
            ["amount"] = refund.Amount.ToString(),
            ["reason"] = refund.FailReason,
        });
        await OutboxStore.AddAsync(transaction, [new OutboxMessage($"refund:{refund.Id}", $"refund.{refund.State}", body)], now, cancellationToken);
        await AuditLog.AddAsync(transaction, [new AuditEntry(actor, $"refund.{refund.State}", $"refund:{refund.Id}", body)], now, cancellationToken);
    }
}
