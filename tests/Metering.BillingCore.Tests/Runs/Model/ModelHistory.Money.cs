using System.Globalization;
using System.Text.Json;
using Metering.Billing.Tests.Runs.Life;
using Metering.BillingCore.Tests.Testing;
using Metering.Contracts;
using Xunit;

namespace Metering.BillingCore.Tests.Runs.Model;

/// <summary>Runs, money, and what is compared.</summary>
internal sealed partial class ModelHistory
{
    private int _references;
    private bool _hasGivenBack;

    private async Task BillAsync()
    {
        Say("seal and bill");
        await SealAsync();
        await RunAsync();
    }

    /// <summary>What is not sealed waits; and nothing is billed before what time has brought is recorded.</summary>
    private async Task RunAsync()
    {
        await _tenant.RunAsync("/v1/billing-runs");
        if (HasEnded || Next() is not { } next || next.At > _now)
        {
            CountReleased();
            _books.BillSealed(_now, _world.SealedUpto);
        }
    }

    private Task RunUnsealedAsync()
    {
        Say("bill what is sealed");
        return RunAsync();
    }

    private async Task CorrectAsync()
    {
        Say("seal and correct");
        await SealAsync();
        List<(DateTimeOffset, DateTimeOffset)> before = await MarkedAsync();
        await _tenant.RunAsync("/v1/correction-runs");
        List<(DateTimeOffset, DateTimeOffset)> after = await MarkedAsync();
        _books.CorrectMarked(_now, before.Except(after));
    }

    /// <summary>All that was billed is computed again.</summary>
    private async Task CorrectAllAsync()
    {
        Say("mark all");
        await using (Npgsql.NpgsqlCommand command = _world.Postgres.Source.CreateCommand($"""
            insert into billing.dirty_period select distinct tenant_id, subscription, period_start, period_end, 0, false, now() from billing.invoice_line where tenant_id = '{_tenant.Name}' on conflict do nothing
            """))
        {
            await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        }

        Advance(1); // a period is corrected once in a run
        await CorrectAsync();
    }

    /// <summary>History that waits is approved or rejected, all that there is.</summary>
    private async Task DecideAsync()
    {
        List<(string Id, long Seal)> pending = await _tenant.RowsAsync("select id, history_seal from billing.correction where state = 'pending' order by recorded_at, id", row => (row.GetString(0), row.GetInt64(1)));
        bool approves = !Chance(3);
        foreach ((string id, long seal) in pending)
        {
            Say($"{(approves ? "approve" : "reject")} history up to seal {seal}");
            await _tenant.MustAsync("POST", $"/v1/corrections/{id}/{(approves ? "approve" : "reject")}");
            if (approves)
            {
                CountHeld(held => held.Seal <= seal);
            }
        }
    }

    private Task<List<(DateTimeOffset, DateTimeOffset)>> MarkedAsync() => _tenant.RowsAsync(
        "select period_start, period_end from billing.dirty_period", row => (row.GetFieldValue<DateTimeOffset>(0), row.GetFieldValue<DateTimeOffset>(1)));

    private async Task PayAsync()
    {
        if (_books.Invoices.FindAll(one => !one.IsVoid) is not { Count: > 0 } payable)
        {
            return;
        }

        (LifeInvoice invoice, long cents) = (Pick(payable), Chance(2) ? 0 : _random.Next(1, 10_000));
        cents = cents == 0 ? Math.Max(1, invoice.Remaining) : cents;
        Say($"pay {invoice.Number} {cents}");
        string body = ModelCatalog.Body(json => (json["reference"], json["amount"], json["method"]) = ($"p{_references++}", Amount(cents), Chance(2) ? "bank" : "clearing"));
        await _tenant.MustAsync("POST", $"/v1/invoices/{(await StoredAsync(invoice)).Id}/payments", body);
        _books.Pay(invoice, cents);
    }

    /// <summary>Some of a line, by hand.</summary>
    private async Task GiveBackAsync()
    {
        LifeInvoice[] creditable = [.. _books.Invoices.Where(one => !one.IsVoid && one.Lines.Any(line => line.Net - line.Credited > 0))];
        if (creditable.Length == 0)
        {
            return;
        }

        LifeInvoice invoice = Pick(creditable);
        LifeLine line = Pick([.. invoice.Lines.Where(one => one.Net - one.Credited > 0)]);
        long amount = 1 + _random.NextInt64(line.Net - line.Credited);
        StoredInvoice stored = await StoredAsync(invoice);
        int same = invoice.Lines.Take(invoice.Lines.IndexOf(line)).Count(one => BookText.Of(one) == BookText.Of(line));
        int number = stored.Lines.Where(one => one.Text == BookText.Of(line)).ElementAt(same).Number;
        bool isDone = _books.GiveBack(invoice, line, amount);
        Say($"give back {amount} of {invoice.Number}: {BookText.Of(line)}{(isDone ? "" : ", refused")}");
        await _tenant.TryAsync(
            $"/v1/invoices/{stored.Id}/credit-notes", $$"""{"reason":"goodwill","lines":[{"line":{{number}},"amount":"{{Amount(amount)}}"}]}""", isDone);
        _hasGivenBack |= isDone;
    }

    private async Task VoidAsync()
    {
        if ((_ways & Ways.Voids) == 0 || _books.Invoices.Count == 0)
        {
            return;
        }

        (LifeInvoice invoice, bool waives) = (_books.Invoices[_books.Invoices.Count - 1 - _random.Next(Math.Min(4, _books.Invoices.Count))], Chance(3) && _held.Count == 0);
        StoredInvoice stored = await StoredAsync(invoice);
        bool isDone = _books.Void(invoice, waives);
        if (isDone && !waives)
        {
            _books.LookAgain();
        }

        Say($"void {invoice.Number} {(waives ? "and waive" : "")}{(isDone ? "" : ", refused")}");
        await _tenant.TryAsync($"/v1/invoices/{stored.Id}/void", ModelCatalog.Body(json => (json["reason"], json["waive"]) = ("wrong", waives)), isDone);
    }

    private async Task RecogniseAsync()
    {
        Say("recognise");
        while (!(await _tenant.MustAsync("POST", "/v1/ledger/recognitions")).Json.GetProperty("done").GetBoolean())
        {
        }

        _books.Recognise(_now);
    }

    private async Task<StoredInvoice> StoredAsync(LifeInvoice invoice) => (await StoredBooks.InvoicesAsync(_tenant))[invoice.Number];

    private async Task CompareAsync()
    {
        List<StoredInvoice> invoices = await StoredBooks.InvoicesAsync(_tenant);
        foreach ((string expected, string actual) in _books.Invoices.Select(BookText.Of).Zip(invoices.Select(one => one.Text)))
        {
            Same(expected, actual);
        }

        Same($"{_books.Invoices.Count} invoices{string.Concat(_books.Invoices.Skip(invoices.Count).Select(one => $"\n{BookText.Of(one)}"))}", $"{invoices.Count} invoices{string.Concat(invoices.Skip(_books.Invoices.Count).Select(one => $"\n{one.Text}"))}");
        Dictionary<string, long> balances = await StoredBooks.BalancesAsync(_tenant);
        long Balance(string kind) => balances.GetValueOrDefault(kind);
        bool isByDay = _plans.All(plan => plan.Items.All(item => item.Timing != "advance" || item.Proration != "second")); // the model recognises by days
        Same(
            $"receivable {_books.Invoices.Sum(one => one.Remaining)}, credit {_books.Credit}, unbilled {_books.Unbilled}, deferred and revenue {_books.Deferred + _books.Revenue}, tax {_books.Tax}, deferred {(isByDay ? _books.Deferred : 0)}",
            $"receivable {Balance("Receivable")}, credit {Balance("CustomerCredit")}, unbilled {Balance("Unbilled")}, deferred and revenue {Balance("Deferred") + Balance("Revenue")}, tax {Balance("TaxPayable")}, deferred {(isByDay ? Balance("Deferred") : 0)}");
        Same(
            _books.BilledTo == DateTimeOffset.MinValue ? "billed to " : $"billed to {_books.BilledTo.UtcDateTime:yyyy-MM-dd HH:mm}",
            await _tenant.ScalarAsync("select 'billed to ' || coalesce(to_char(billed_to at time zone 'UTC', 'YYYY-MM-DD HH24:MI'), '') from billing.subscription"));
        Assert.Equal("", await StoredBooks.BrokenLawsAsync(_tenant));
    }

    private async Task VerifyAsync()
    {
        foreach (string query in new[] { "", "&from_history=true" })
        {
            JsonElement[] all = [.. (await _tenant.MustAsync("GET", $"/v1/invoices/verify?limit=1000{query}")).Json.GetProperty("items").EnumerateArray()];
            Assert.Equal(_books.Invoices.Count, all.Length);
            Assert.All(all, one => Assert.Equal("same", one.GetProperty("result").GetString() + (one.TryGetProperty("differences", out JsonElement differences) ? differences.ToString() : "")));
        }
    }

    /// <summary>Every message is in the log once, those of an aggregate in the order of their numbers.</summary>
    private async Task RelayAsync()
    {
        List<(string Aggregate, string Id)> messages = await _tenant.RowsAsync("select aggregate, id::text from billing.outbox order by seq", row => (row.GetString(0), row.GetString(1)));
        List<BillingMessage> records = await _world.RelayAsync(_tenant.Name);
        Assert.Equal(
            messages.ToLookup(one => one.Aggregate, one => one.Id).ToDictionary(one => one.Key, one => string.Join(" ", one)),
            records.ToLookup(one => one.Aggregate, one => one.Id).ToDictionary(one => one.Key, one => string.Join(" ", one)));
        Assert.Equal("0", await _tenant.ScalarAsync("select count(*) from billing.outbox where relayed_at is null"));
    }

    /// <summary>Whole lines: what differs may be anywhere.</summary>
    private static void Same(string expected, string actual) => Assert.True(expected == actual, $"\nexpected {expected}\nactual   {actual}");

    private static string Amount(long cents) => (cents / 100m).ToString("0.00", CultureInfo.InvariantCulture);
}
