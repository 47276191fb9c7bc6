using Metering.Billing.Invoicing;
using Metering.Billing.Ledger;
using Metering.Billing.Postgres.Customers;
using Metering.Billing.Postgres.Grants;
using Metering.Billing.Postgres.Ledger;
using Metering.Billing.Postgres.Tenancy;
using Metering.Billing.Proration;

namespace Metering.Billing.Postgres.Invoices;

/// <summary>A credit note with everything that follows from it, before any of it is written.</summary>
/// <param name="Facts">Of its lines, as the ledger books them.</param>
/// <param name="Promotions">What returns to which promotional grant.</param>
/// <param name="Lapsed">Promotional grants among them that have expired: they get nothing back.</param>
/// <param name="Undeferred">What is taken out of Deferred, and so is not recognised any more.</param>
internal sealed record ComputedNote(
    string Id, NoteToIssue Wanted, InvoiceRow Invoice, CreditNoteLineRow[] Lines, LineFact[] Facts, IReadOnlyList<(string Grant, Money Amount)> Promotions,
    IReadOnlySet<string> Lapsed, IReadOnlyList<DeferredLine> Undeferred, CreditNoteSettlement Settlement)
{
    public Money Total => Sum(line => line.Total);

    public Money Restored => Settlement.RestoredGrants.Aggregate(Money.Zero(Invoice.Currency), (sum, one) => sum + one.Amount);

    public Money Sum(Func<CreditNoteLineRow, Money> part) => Lines.Aggregate(Money.Zero(Invoice.Currency), (sum, line) => sum + part(line));
}

/// <summary>What credit notes on some invoices are computed from, read under the hold.</summary>
internal sealed class CreditNoteFacts
{
    private readonly ILookup<string, InvoiceLineRow> _lines;
    private readonly ILookup<string, CreditNoteRow> _notes;
    private readonly ILookup<string, CreditNoteLineRow> _credited;
    private readonly ILookup<string, (string Invoice, GrantRow Grant, Money Used, int Order)> _used;
    private readonly Dictionary<string, Money> _stillDeferred;
    private readonly IReadOnlyDictionary<string, Customer> _customers;
    private readonly DateTimeOffset _now;

    private CreditNoteFacts(
        IReadOnlyList<InvoiceLineRow> lines, IReadOnlyList<CreditNoteRow> notes, IReadOnlyList<CreditNoteLineRow> credited,
        IReadOnlyList<(string Invoice, GrantRow Grant, Money Used, int Order)> used, Dictionary<string, Money> stillDeferred, IReadOnlyDictionary<string, Customer> customers, DateTimeOffset now)
    {
        _lines = lines.ToLookup(line => line.Invoice);
        _notes = notes.ToLookup(note => note.Invoice);
        _credited = credited.ToLookup(line => line.Invoice);
        _used = used.ToLookup(one => one.Invoice);
        _stillDeferred = stillDeferred;
        _customers = customers;
        _now = now;
    }

    public static async Task<CreditNoteFacts> ReadAsync(TenantTransaction transaction, IReadOnlyList<InvoiceRow> invoices, DateTimeOffset now, CancellationToken cancellationToken)
    {
        string[] ids = [.. invoices.Select(invoice => invoice.Id)];
        IReadOnlyList<InvoiceLineRow> lines = await InvoiceStore.LinesAsync(transaction, ids, cancellationToken);
        IReadOnlyList<CreditNoteRow> notes = [.. (await CreditNoteStore.OfInvoicesAsync(transaction, ids, cancellationToken)).Where(note => !note.IsVoid)];
        IReadOnlyList<CreditNoteLineRow> credited = await CreditNoteStore.LinesAsync(transaction, [.. notes.Select(note => note.Id)], cancellationToken);
        Dictionary<string, Money> deferred = [];
        foreach (IGrouping<Currency, InvoiceLineRow> currency in lines.Where(line => line.Recognition == LineRecognition.Advance).GroupBy(line => line.Amount.Currency))
        {
            foreach ((string line, Money amount) in await Deferrals.StillDeferredAsync(transaction, [.. currency.Select(line => line.Id)], currency.Key, cancellationToken))
            {
                deferred.Add(line, amount);
            }
        }

        return new CreditNoteFacts(
            lines, notes, credited, await GrantStore.UsedOnAsync(transaction, ids, cancellationToken), deferred,
            await CustomerStore.ReadAsync(transaction, [.. invoices.Select(invoice => invoice.Customer).Distinct()], cancellationToken), now);
    }

    /// <summary>The note, or why there is none.</summary>
    /// <exception cref="ArgumentException">A line is named twice.</exception>
    public (InvoiceRefusal Refusal, ComputedNote? Note) Compute(NoteToIssue wanted, string id, InvoiceRow invoice)
    {
        InvoiceLineRow[] billed = [.. _lines[invoice.Id]];
        if (billed.Any(line => line.Recognition == LineRecognition.GrantPurchase))
        {
            return (InvoiceRefusal.BuysCredit, null);
        }

        LinePart[] named = [.. wanted.Parts?.OfType<LinePart>() ?? []];
        if (named.DistinctBy(part => part.Line).Count() != named.Length)
        {
            throw new ArgumentException("A line is credited once in a note.", nameof(wanted));
        }

        if (named.Any(part => part.Line > billed.Length))
        {
            return (InvoiceRefusal.Unknown, null);
        }

        if (named.Any(part => part.Amount > billed[part.Line - 1].Creditable.Amount - Credited(billed[part.Line - 1]).Amount))
        {
            return (InvoiceRefusal.TooMuch, null);
        }

        CreditNoteLineRow[] lines =
        [
            .. (wanted.Parts ?? [.. billed.Select(line => new LinePart(line.Number, null))]).Select(part => Line(part, id, invoice, billed, isWhole: wanted.Parts is null))
                .Where(line => !line.Amount.IsZero || !line.Tax.IsZero).Select((line, i) => line with { Number = i + 1 }),
        ];
        Money zero = Money.Zero(invoice.Currency);
        Money total = lines.Aggregate(zero, (sum, line) => sum + line.Total);
        Money left = Money.Max(invoice.Total, zero) - _notes[invoice.Id].Aggregate(zero, (sum, note) => sum + note.Total);
        return lines.Length == 0 || total.Sign < 0 ? (InvoiceRefusal.NothingLeft, null) : total > left ? (InvoiceRefusal.TooMuch, null) : (InvoiceRefusal.None, Settled(wanted, id, invoice, lines, total));
    }

    private ComputedNote Settled(NoteToIssue wanted, string id, InvoiceRow invoice, CreditNoteLineRow[] lines, Money total)
    {
        (string Invoice, GrantRow Grant, Money Used, int Order)[] used = [.. _used[invoice.Id]];
        IReadOnlyList<SettledByGrant> paid =
            [.. used.Where(one => one.Grant.Kind == Credits.GrantKind.Paid).Select(one => new SettledByGrant(one.Grant.Id, one.Used, one.Grant.State == GrantState.Expired || one.Grant.ExpiresAt <= _now))];
        IReadOnlyList<(string, Money)> promotional = [.. used.Where(one => one.Grant.Kind == Credits.GrantKind.Promotional).Select(one => (one.Grant.Id, one.Used))];
        Money given = lines.Aggregate(Money.Zero(invoice.Currency), (sum, line) => sum + line.Promotional);
        LineFact[] facts = [.. lines.Select(Fact)];
        return new ComputedNote(
            id, wanted, invoice, lines, facts, CreditNote.Promotions(given, promotional),
            used.Where(one => one.Grant.State == GrantState.Expired).Select(one => one.Grant.Id).ToHashSet(StringComparer.Ordinal),
            [.. lines.Zip(facts).Where(pair => pair.Second.Undeferred.Sign > 0).Select(pair => Undeferred(pair.First, pair.Second, invoice))],
            CreditNote.Settle(total, invoice.Remaining, paid));
    }

    /// <summary>Its zone, its unit and the months that are left are those of the line that it takes back.</summary>
    private DeferredLine Undeferred(CreditNoteLineRow line, LineFact fact, InvoiceRow invoice)
    {
        InvoiceLineRow billed = _lines[invoice.Id].First(one => one.Number == line.Line);
        return new DeferredLine(
            line.Id, billed.Id, invoice.Customer, -fact.Undeferred, billed.Service, _customers[invoice.Customer].Zone, ProrationUnit.Day);
    }

    private CreditNoteLineRow Line(NotePart part, string id, InvoiceRow invoice, InvoiceLineRow[] billed, bool isWhole)
    {
        if (part is DifferencePart one)
        {
            InvoiceLineRow? same = Array.Find(billed, line => line.Period == one.Period && line.Key == one.Key);
            Money total = one.Amount - one.Promotional + (one.IsTaxInclusive ? Money.Zero(invoice.Currency) : one.Tax);
            return new CreditNoteLineRow(
                id, 0, invoice.Id, same?.Number, invoice.Subscription, one.Period, one.Key, one.Component, one.Recognition, one.Amount, one.Promotional, one.Tax, one.IsTaxInclusive, total,
                same is null ? one.Rate : null);
        }

        LinePart wanted = (LinePart)part;
        InvoiceLineRow line = billed[wanted.Line - 1];
        CreditedLine before = Credited(line);
        CreditNoteLine credit = wanted.Amount is { } amount
            ? CreditNote.Credit(line.Creditable, amount, before, invoice.Rounding)
            : isWhole || line.Amount.Sign > 0 ? CreditNote.CreditRest(line.Creditable, before, invoice.Rounding) : CreditNote.Credit(line.Creditable, Money.Zero(invoice.Currency), before, invoice.Rounding);
        return new CreditNoteLineRow(
            id, 0, invoice.Id, line.Number, line.Subscription, line.Period, line.Key, line.Component, line.Recognition, credit.Amount, credit.Promotional, credit.Tax, line.IsTaxInclusive, credit.Total,
            OwnRate: null);
    }

    private CreditedLine Credited(InvoiceLineRow line) => _credited[line.Invoice].Where(one => one.Line == line.Number).Aggregate(
        new CreditedLine(Money.Zero(line.Amount.Currency), Money.Zero(line.Amount.Currency), Money.Zero(line.Amount.Currency)),
        (sum, one) => new CreditedLine(sum.Amount + one.Amount, sum.Promotional + one.Promotional, sum.Tax + one.Tax));

    private LineFact Fact(CreditNoteLineRow line)
    {
        LineFact fact = LineFacts.Of(line.Id, line.Amount, line.Tax, line.IsTaxInclusive, line.Recognition);
        return line.Line is { } number ? fact with { StillDeferred = _stillDeferred.GetValueOrDefault(LineId.Of(line.Invoice, number), Money.Zero(line.Amount.Currency)) } : fact;
    }
}
