using Metering.Billing.Invoicing;
using Metering.Billing.Ledger;
using Metering.Billing.Postgres.Grants;
using Metering.Billing.Postgres.Ledger;
using Metering.Billing.Postgres.Refunds;
using Metering.Billing.Postgres.Tenancy;

namespace Metering.Billing.Postgres.Invoices;

/// <summary>What is taken back of final invoices.</summary>
public static class CreditNotes
{
    /// <summary>Issues them all, or says of each why not; in a number of round trips that does not depend on how many there are.</summary>
    /// <returns>One for each, in their order. A note that was issued before is the one there is.</returns>
    /// <exception cref="ArgumentException">Two notes on one invoice: the second is to be computed when the first is there.</exception>
    public static async Task<IReadOnlyList<Change<CreditNoteRow>>> IssueAsync(
        TenantTransaction transaction, string actor, IReadOnlyList<NoteToIssue> notes, DateTimeOffset now, CancellationToken cancellationToken)
    {
        string[] ids = [.. notes.Select(note => note.Invoice)];
        if (ids.Distinct().Count() != ids.Length)
        {
            throw new ArgumentException("One note an invoice.", nameof(notes));
        }

        IReadOnlyDictionary<string, InvoiceRow> invoices = await InvoiceStore.HoldAsync(transaction, ids, cancellationToken);
        Dictionary<string, CreditNoteRow> before = (await CreditNoteStore.OfInvoicesAsync(transaction, ids, cancellationToken)).ToDictionary(note => note.Id);
        CreditNoteFacts facts = await CreditNoteFacts.ReadAsync(transaction, [.. invoices.Values], now, cancellationToken);
        (InvoiceRefusal Refusal, ComputedNote? Note)[] decided = [.. notes.Select(note => Decide(note, transaction.Tenant, invoices, before, facts))];
        ComputedNote[] computed = [.. decided.Select(one => one.Note).OfType<ComputedNote>()];
        if (computed.Length > 0)
        {
            await WriteAsync(transaction, actor, computed, now, cancellationToken);
        }

        Dictionary<string, CreditNoteRow> there = (await CreditNoteStore.OfInvoicesAsync(transaction, ids, cancellationToken)).ToDictionary(note => note.Id);
        return [.. notes.Select((note, i) => decided[i].Refusal != InvoiceRefusal.None ? (Change<CreditNoteRow>)decided[i].Refusal : there[note.IdIn(transaction.Tenant)])];
    }

    /// <summary>Takes back what a note gave, unless it is spent: then the caller's transaction is undone.</summary>
    public static async Task<Change<CreditNoteRow>> VoidAsync(
        TenantTransaction transaction, string actor, string id, string reason, DateTimeOffset now, CancellationToken cancellationToken)
    {
        if (await CreditNoteStore.FindAsync(transaction, id, cancellationToken) is not { } found)
        {
            return InvoiceRefusal.Unknown;
        }

        InvoiceRow invoice = (await InvoiceStore.HoldAsync(transaction, [found.Invoice], cancellationToken))[found.Invoice];
        CreditNoteRow note = (await CreditNoteStore.FindAsync(transaction, id, cancellationToken))!;
        if (note.IsVoid)
        {
            return InvoiceRefusal.IsVoid;
        }

        if (invoice.State == InvoiceState.Uncollectible || await TookOffBadDebtAsync(transaction, id, cancellationToken))
        {
            return InvoiceRefusal.WrittenOff;
        }

        if (await RefundStore.SentAsync(transaction, new RefundSource(id, Grant: null), cancellationToken) > 0)
        {
            return InvoiceRefusal.Spent; // refunds payable is one account for all customers: it could pay with another's money
        }

        IReadOnlyList<GrantMove> given = [.. await GrantStore.MovesOfAsync(transaction, CauseOf(id), cancellationToken), .. await GrantStore.MovesOfAsync(transaction, LapseOf(id), cancellationToken)];
        Dictionary<string, GrantRow> grants = (await GrantStore.ReadAsync(transaction, [.. given.Select(move => move.Grant).Distinct()], cancellationToken)).ToDictionary(grant => grant.Id);
        if (given.GroupBy(move => move.Grant).Any(moves => moves.Aggregate(grants[moves.Key].Remaining, (left, move) => left + move.Amount).Sign < 0) || !await ReverseAsync(transaction, note, reason, now, cancellationToken))
        {
            return InvoiceRefusal.Spent;
        }

        await GrantStore.MoveAsync(transaction, [.. given.Select(move => move with { Cause = $"{move.Cause}:voided", Amount = -move.Amount })], now, cancellationToken);
        await CreditNoteStore.VoidAsync(transaction, id, reason, now, cancellationToken);
        Money remaining = invoice.Remaining + note.Reduced;
        InvoiceState state = InvoiceLife.With(invoice.State, remaining);
        InvoiceRow after = invoice with { Credited = invoice.Credited - note.Reduced, Remaining = remaining, State = state, ClosedAt = state == InvoiceState.Open ? null : invoice.ClosedAt };
        await InvoiceEvents.ChangeAsync(transaction, actor, invoice, new InvoiceEvent(after, "credit_voided", id), now, cancellationToken);
        return note with { IsVoid = true, VoidedAt = now, VoidReason = reason };
    }

    private static (InvoiceRefusal, ComputedNote?) Decide(
        NoteToIssue note, string tenant, IReadOnlyDictionary<string, InvoiceRow> invoices, Dictionary<string, CreditNoteRow> before, CreditNoteFacts facts)
    {
        string id = note.IdIn(tenant);
        return !invoices.TryGetValue(note.Invoice, out InvoiceRow? invoice) ? (InvoiceRefusal.Unknown, null)
            : before.ContainsKey(id) ? (InvoiceRefusal.None, null)
            : InvoiceLife.Credit(invoice.State) is not InvoiceRefusal.None and var refusal ? (refusal, null)
            : facts.Compute(note, id, invoice);
    }

    private static async Task WriteAsync(TenantTransaction transaction, string actor, ComputedNote[] notes, DateTimeOffset now, CancellationToken cancellationToken)
    {
        Booking booking = await Books.BookingAsync(transaction, now, cancellationToken);
        await Books.PostAsync(transaction, [.. notes.SelectMany(note => CreditNotePostings.Issued(Issued(note), booking))], cancellationToken);
        await Deferrals.AddAsync(transaction, [.. notes.SelectMany(note => note.Undeferred)], cancellationToken);
        await GrantStore.MoveAsync(transaction, [.. notes.SelectMany(Moves)], now, cancellationToken);
        string[] numbers = await DocumentNumbers.TakeAsync(transaction, DocumentNumbers.CreditNotes, notes.Length, cancellationToken);
        await CreditNoteStore.InsertAsync(transaction, notes, numbers, now, cancellationToken);
        InvoiceRow[] after = [.. notes.Select(note => Reduced(note, now))];
        await InvoiceStore.ChangeAsync(transaction, after, cancellationToken);
        await InvoiceEvents.AddAsync(transaction, actor, [.. after.Select((row, i) => new InvoiceEvent(row, "credited", notes[i].Id))], now, cancellationToken);
        await InvoiceEvents.PaidAsync(
            transaction, actor, [.. after.Where((row, i) => row.State == InvoiceState.Paid && notes[i].Invoice.State != InvoiceState.Paid)], now, cancellationToken);
    }

    private static InvoiceRow Reduced(ComputedNote note, DateTimeOffset now)
    {
        Money remaining = note.Invoice.Remaining - note.Settlement.ReducesOpen;
        InvoiceState state = InvoiceLife.With(note.Invoice.State, remaining);
        return note.Invoice with
        {
            Credited = note.Invoice.Credited + note.Settlement.ReducesOpen,
            Remaining = remaining,
            State = state,
            ClosedAt = state == InvoiceState.Open ? null : note.Invoice.ClosedAt ?? now,
        };
    }

    private static IssuedCreditNote Issued(ComputedNote note) => new(
        note.Id, note.Invoice.Customer, note.Facts, [.. note.Promotions.Select(one => new GrantUse(one.Grant, one.Amount))], note.Settlement.ReducesOpen,
        [.. note.Settlement.RestoredGrants.Select(one => new GrantUse(one.Grant, one.Amount))], note.Wanted.Refunds)
    {
        IsWrittenOff = note.Invoice.State == InvoiceState.Uncollectible,
    };

    /// <summary>What grants get back. One that has expired gets it and loses it again, so that the invoice owes it nothing any more.</summary>
    private static IEnumerable<GrantMove> Moves(ComputedNote note)
    {
        (string Grant, Money Amount)[] lapse = [.. note.Promotions.Where(one => note.Lapsed.Contains(one.Grant)), .. note.Settlement.ExpiredGrants];
        return
        [
            .. note.Promotions.Concat(note.Settlement.RestoredGrants).Concat(note.Settlement.ExpiredGrants).Select((one, i) => new GrantMove(one.Grant, CauseOf(note.Id), note.Invoice.Id, -one.Amount, i)),
            .. lapse.Select((one, i) => new GrantMove(one.Grant, LapseOf(note.Id), Invoice: null, one.Amount, i)),
        ];
    }

    private static string CauseOf(string id) => $"credit-note:{id}";

    private static string LapseOf(string id) => $"credit-note:{id}:lapsed";

    private static async Task<bool> TookOffBadDebtAsync(TenantTransaction transaction, string id, CancellationToken cancellationToken) =>
        (await LedgerStore.ReadAsync(transaction, [KeyOf(id)], cancellationToken)).Values.Any(issued => issued.Entries.Any(entry => entry.Account.Kind == AccountKind.BadDebt));

    private static string KeyOf(string id) => $"credit-note:{id}:issued";

    private static async Task<bool> ReverseAsync(TenantTransaction transaction, CreditNoteRow note, string reason, DateTimeOffset now, CancellationToken cancellationToken)
    {
        string key = KeyOf(note.Id);
        IReadOnlyList<CreditNoteLineRow> lines = await CreditNoteStore.LinesAsync(transaction, [note.Id], cancellationToken);
        IReadOnlyList<string> recognised = await Deferrals.CancelAsync(transaction, [.. lines.Select(line => line.Id)], now, cancellationToken);
        IReadOnlyDictionary<string, LedgerTransaction> posted = await LedgerStore.ReadAsync(transaction, [key, .. recognised], cancellationToken);
        Booking booking = await Books.BookingAsync(transaction, now, cancellationToken);
        return !posted.ContainsKey(key) || await Books.TryPostAsync(
            transaction, [LedgerTransaction.Reversal($"credit-note:{note.Id}:voided", booking, [.. new[] { key }.Concat(recognised).Select(one => posted[one])], reason)], cancellationToken);
    }
}
