using System.Globalization;
using Metering.Billing.Tests.Runs.Life;
using Npgsql;

namespace Metering.BillingCore.Tests.Runs.Model;

internal sealed record StoredLine(int Number, string Text);

/// <summary>A final invoice as the database has it, in the words of the model.</summary>
internal sealed record StoredInvoice(string Id, string Number, DateTimeOffset DueAt, string State, long Tax, long Total, long Remaining, long Notes, List<StoredLine> Lines)
{
    public string Text => BookText.Of(DueAt, Lines.Select(line => line.Text), Tax, Total, Remaining, Notes, State == "void");
}

/// <summary>What a tenant's invoices and balances are.</summary>
internal static class StoredBooks
{
    public static async Task<List<StoredInvoice>> InvoicesAsync(ModelTenant tenant)
    {
        List<StoredInvoice> invoices = await tenant.RowsAsync(
            """
            select id, number, due_at, state, tax, total, remaining, coalesce((select sum(total) from billing.credit_note n where n.tenant_id = i.tenant_id and n.invoice = i.id and n.state = 'issued'), 0)::bigint
            from billing.invoice i where number is not null order by number
            """,
            row => new StoredInvoice(
                row.GetString(0), row.GetString(1), row.GetFieldValue<DateTimeOffset>(2), row.GetString(3), row.GetInt64(4), row.GetInt64(5), row.GetInt64(6), row.GetInt64(7), []));
        Dictionary<string, StoredInvoice> byId = invoices.ToDictionary(one => one.Id, StringComparer.Ordinal);
        await tenant.RowsAsync("select invoice, n, component, period_start, service_start, service_end, amount, discount from billing.invoice_line order by invoice, n", row =>
        {
            StoredLine line = new(row.GetInt32(1), BookText.Of(
                row.GetString(2), row.GetFieldValue<DateTimeOffset>(3), row.GetFieldValue<DateTimeOffset>(4), row.GetFieldValue<DateTimeOffset>(5), row.GetInt64(6), row.GetInt64(7)));
            byId[row.GetString(0)].Lines.Add(line);
            return line;
        });
        return invoices;
    }

    /// <summary>In minor units, each on its natural side.</summary>
    public static async Task<Dictionary<string, long>> BalancesAsync(ModelTenant tenant)
    {
        List<(string Kind, long Balance)> rows = await tenant.RowsAsync(
            "select kind, sum(balance)::bigint from billing.ledger_balance group by kind", (NpgsqlDataReader row) => (row.GetString(0), row.GetInt64(1)));
        return rows.ToDictionary(row => row.Kind, row => row.Kind is "Receivable" or "Unbilled" or "Clearing" or "Bank" or "BadDebt" or "PromotionalCredits" ? row.Balance : -row.Balance, StringComparer.Ordinal);
    }

    /// <summary>Laws that hold after every step, whatever the model says. Empty when all do.</summary>
    public static Task<string> BrokenLawsAsync(ModelTenant tenant) => tenant.ScalarAsync("""
        select coalesce(string_agg(law, '; '), '') from (
          select 'the trial balance of ' || currency || ' is ' || sum(balance) as law from billing.ledger_balance group by currency having sum(balance) <> 0
          union all
          select 'the entries of ' || currency || ' come to ' || sum(amount) from billing.ledger_entry join billing.ledger_account on id = account group by currency having sum(amount) <> 0
          union all
          select 'invoice numbers have gaps: ' || string_agg(number, ' ' order by number) from billing.invoice where number is not null
          having count(*) <> coalesce((select last from billing.document_series where series = 'INV'), 0) or count(distinct number) <> count(*) or max(right(number, 6)::int) <> count(*)
          union all
          select 'credit note numbers have gaps: ' || string_agg(number, ' ' order by number) from billing.credit_note
          having count(*) <> coalesce((select last from billing.document_series where series = 'CN'), 0) or count(distinct number) <> count(*) or max(right(number, 6)::int) <> count(*)
          union all
          select 'open invoices are ' || asked || ', receivable is ' || owed from (
            select coalesce((select sum(remaining) from billing.invoice where state = 'open'), 0) as asked, coalesce((select sum(balance) from billing.ledger_balance where kind = 'Receivable'), 0) as owed) as sides
          where asked <> owed
          union all
          select 'deferred is ' || deferred || ', still to recognise ' || still from (
            select coalesce((select sum(-balance) from billing.ledger_balance where kind = 'Deferred'), 0) as deferred,
              coalesce((select sum(amount - recognized) from billing.deferred_line where canceled_at is null), 0) as still) as sides
          where deferred <> still) as broken
        """);
}

/// <summary>Documents as text, so that a difference can be read.</summary>
internal static class BookText
{
    public static string Of(LifeInvoice invoice) => Of(
        invoice.DueAt, invoice.Lines.Select(Of), invoice.Lines.Sum(line => line.Tax), invoice.Total, invoice.Remaining, invoice.Notes, invoice.IsVoid);

    public static string Of(LifeLine line) => Of(line.Component, line.First, line.From, line.To, line.Amount, line.Discount);

    public static string Of(string component, DateTimeOffset first, DateTimeOffset from, DateTimeOffset to, long amount, long discount) => string.Create(
        CultureInfo.InvariantCulture, $"{component} {first.UtcDateTime:yyyy-MM-dd} ({from.UtcDateTime:MM-dd HH:mm}..{to.UtcDateTime:MM-dd HH:mm}) {amount}{(discount == 0 ? "" : $"-{discount}")}");

    /// <summary>Lines of nothing aside, in the order of their words.</summary>
    public static string Of(DateTimeOffset due, IEnumerable<string> lines, long tax, long total, long remaining, long notes, bool isVoid) => string.Create(
        CultureInfo.InvariantCulture,
        $"{due.UtcDateTime:yyyy-MM-dd HH:mm}: {string.Join(", ", lines.Where(line => !line.EndsWith(" 0", StringComparison.Ordinal)).Order(StringComparer.Ordinal))}; tax {tax}, total {total}, open {remaining}, given back {notes}{(isVoid ? ", void" : "")}");
}
