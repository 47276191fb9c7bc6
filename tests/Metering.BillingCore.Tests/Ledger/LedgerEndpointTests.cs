using System.Text.Json;
using Metering.Billing.Ledger;
using Metering.Billing.Periods;
using Metering.Billing.Postgres.Ledger;
using Metering.Billing.Postgres.Tenancy;
using Metering.Billing.Proration;
using Metering.BillingCore.Tests.Testing;
using Xunit;

namespace Metering.BillingCore.Tests.Ledger;

public sealed class LedgerEndpointTests(Engines engines)
{
    private const string Transactions = "/v1/ledger/transactions";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_manual_posting_is_posted_once_and_read_under_its_key()
    {
        await using BillingHost host = await BillingHost.StartAsync(engines);
        Answered dry = await host.SendAsync("POST", $"{Transactions}?dry_run=true", Fee("2026-01/bank", "0.05"));
        Assert.Equal((200, "Posted"), (dry.Status, Result(dry)));
        Assert.Empty((await host.SendAsync("GET", Transactions)).Json.GetProperty("items").EnumerateArray());
        Answered posted = await host.SendAsync("POST", Transactions, Fee("2026-01/bank", "0.05"));
        Assert.Equal((201, "Posted"), (posted.Status, Result(posted)));
        Assert.Equal((200, "AlreadyPosted"), (await host.SendAsync("POST", Transactions, Fee("2026-01/bank", "0.05"))) is var again ? (again.Status, Result(again)) : default);
        JsonElement read = (await host.SendAsync("GET", posted.Location!)).Json;
        Assert.Equal("manual:2026-01/bank", read.GetProperty("key").GetString());
        Assert.Equal("bank fee (approved by ada)", read.GetProperty("reason").GetString());
        Assert.Equal("""[{"account":"Fees","direction":"debit","amount":"0.05","currency":"USD"},{"account":"Bank","direction":"credit","amount":"0.05","currency":"USD"}]""", read.GetProperty("entries").GetRawText());
        Answered other = await host.SendAsync("POST", Transactions, Fee("2026-01/bank", "0.06"));
        Assert.Equal(409, other.Status);
        Assert.StartsWith("ConflictingEntries", other.Json.GetProperty("detail").GetString(), StringComparison.Ordinal);
        Assert.Equal(404, (await host.SendAsync("GET", $"{Transactions}/manual:none")).Status);
    }

    [Fact]
    public async Task What_people_post_and_reverse_is_told_and_kept_once_in_the_audit_log()
    {
        await using BillingHost host = await BillingHost.StartAsync(engines);
        await host.SendAsync("POST", $"{Transactions}?dry_run=true", Fee("f", "0.05"));
        await host.SendAsync("POST", Transactions, Fee("f", "0.05"));
        await host.SendAsync("POST", Transactions, Fee("f", "0.05"));
        await host.SendAsync("POST", Transactions, Fee("f", "0.06"));
        await host.SendAsync("POST", $"{Transactions}/manual:f/reverse", """{"reference":"f-back","reason":"booked twice","approver":"ada"}""");
        await using TenantTransaction transaction = await new TenantDatabase(engines.Postgres).BeginAsync(host.Tenant, Token);
        Assert.Equal(
            "api ledger.posted ledger:manual:f 0.05 bank fee (approved by ada), api ledger.reversed ledger:manual:f-back 0.05 booked twice (approved by ada)",
            await Books.ScalarAsync(
                transaction, "select string_agg(concat_ws(' ', actor, action, subject, detail->'entries'->0->>'amount', detail->>'reason'), ', ' order by seq) from billing.audit_log"));
        Assert.Equal(
            "ledger.posted ledger:manual:f manual:f, ledger.reversed ledger:manual:f-back manual:f-back",
            await Books.ScalarAsync(transaction, "select string_agg(concat_ws(' ', type, aggregate, body->>'key'), ', ' order by seq) from billing.outbox"));
    }

    [Theory]
    [InlineData("""{"reference":"x","reason":"r","entries":[]}""", "approver: is required", "entries: must be 2 to 1000 entries")]
    [InlineData("""{"reference":" ","reason":"r","approver":"a","entries":[{"account":"Bank","direction":"debit","amount":"1","currency":"USD"},{"account":"Fees","direction":"credit","amount":"1","currency":"USD"}]}""", "reference: must be 1 to 500 characters without NUL")]
    [InlineData("""{"reference":"x","reason":"r","approver":"a","entries":[{"account":"Bank","direction":"debit","amount":"1","currency":"USD"},{"account":"Fees","direction":"credit","amount":"2","currency":"USD"}]}""", "entries: do not balance: in each currency, debits and credits must sum to the same")]
    [InlineData("""{"reference":"x","reason":"r","approver":"a","entries":[{"account":"Banks","direction":"left","amount":"1.005","currency":"USD"},{"account":"Receivable","direction":"credit","amount":"-2","currency":"XYZ"}]}""",
        "entries[0].account: must be an account such as Bank, Receivable:customer or Prepaid:customer:grant", "entries[0].direction: must be one of debit, credit", "entries[0].amount: must have at most 2 decimals in USD",
        "entries[1].account: must be an account such as Bank, Receivable:customer or Prepaid:customer:grant", "entries[1].currency: must be a currency of ISO 4217")]
    public async Task What_cannot_be_posted_is_said_field_by_field(string body, params string[] errors)
    {
        await using BillingHost host = await BillingHost.StartAsync(engines);
        Answered refused = await host.SendAsync("POST", Transactions, body);
        Assert.Equal(422, refused.Status);
        Assert.Equal(errors, refused.Errors);
    }

    [Fact]
    public async Task A_manual_posting_is_reversed_once_and_what_follows_from_an_invoice_is_not()
    {
        await using BillingHost host = await BillingHost.StartAsync(engines);
        await new Books(engines.Postgres, host.Tenant).PostAsync(Books.Move("invoice:i/1:finalized", Books.Receivable("c"), Books.Revenue, 500));
        await host.SendAsync("POST", Transactions, Fee("f", "0.05"));
        string back = """{"reference":"f-back","reason":"booked twice","approver":"ada"}""";
        Answered reversed = await host.SendAsync("POST", $"{Transactions}/manual:f/reverse", back);
        Assert.Equal((201, "Posted"), (reversed.Status, Result(reversed)));
        Assert.Equal("""["manual:f"]""", reversed.Json.GetProperty("reverses").GetRawText());
        Assert.Equal("AlreadyPosted", Result(await host.SendAsync("POST", $"{Transactions}/manual:f/reverse", back)));
        Answered twice = await host.SendAsync("POST", $"{Transactions}/manual:f/reverse", back.Replace("f-back", "f-again", StringComparison.Ordinal));
        Assert.Equal((409, true), (twice.Status, twice.Text.Contains("AlreadyReversed", StringComparison.Ordinal)));
        Assert.Equal(409, (await host.SendAsync("POST", $"{Transactions}/invoice:i%2F1:finalized/reverse", back)).Status);
        Assert.Equal(404, (await host.SendAsync("POST", $"{Transactions}/manual:none/reverse", back)).Status);
    }

    [Fact]
    public async Task Nobody_posts_what_overdraws()
    {
        await using BillingHost host = await BillingHost.StartAsync(engines);
        Answered refused = await host.SendAsync("POST", Transactions, Fee("x", "1.00").Replace("Fees", "CustomerCredit:c", StringComparison.Ordinal));
        Assert.Equal((409, true), (refused.Status, refused.Text.Contains("Overdrawn", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Accounts_and_the_trial_balance_can_be_asked_for_as_of_an_instant()
    {
        await using BillingHost host = await BillingHost.StartAsync(engines);
        Books books = new(engines.Postgres, host.Tenant);
        await books.PostAsync(PostMode.Atomic, Books.Move("a", Books.Receivable("c"), Books.Revenue, 500), Late("b", 250));
        await books.SnapshotAsync();
        string then = Uri.EscapeDataString("2026-01-31T12:00:00Z");
        Assert.Equal(["Receivable:c 7.50", "Revenue 7.50"], await AccountsAsync(host, ""));
        Assert.Equal(["Receivable:c 5.00", "Revenue 5.00"], await AccountsAsync(host, $"?as_of={then}"));
        Assert.Equal(["Receivable:c 7.50"], await AccountsAsync(host, "?customer=c"));
        Assert.Equal(["Revenue 7.50"], await AccountsAsync(host, "?kind=Revenue"));
        JsonElement now = (await host.SendAsync("GET", "/v1/ledger/trial-balance")).Json.GetProperty("currencies")[0];
        Assert.Equal("""[{"kind":"Receivable","debit":"7.50","credit":"0.00"},{"kind":"Revenue","debit":"0.00","credit":"7.50"}]""", now.GetProperty("accounts").GetRawText());
        Assert.Equal(("7.50", "7.50"), (now.GetProperty("debit").GetString(), now.GetProperty("credit").GetString()));
        Assert.Equal("5.00", (await host.SendAsync("GET", $"/v1/ledger/trial-balance?as_of={then}")).Json.GetProperty("currencies")[0].GetProperty("debit").GetString());
        Assert.Equal(400, (await host.SendAsync("GET", "/v1/ledger/trial-balance?as_of=yesterday")).Status);
        Assert.Equal(400, (await host.SendAsync("GET", "/v1/ledger/accounts?kind=Money")).Status);
    }

    [Fact]
    public async Task Transactions_are_listed_by_what_they_touch_page_by_page()
    {
        await using BillingHost host = await BillingHost.StartAsync(engines);
        Books books = new(engines.Postgres, host.Tenant);
        await books.PostAsync(PostMode.Atomic, Books.Move("a:1", Books.Receivable("c"), Books.Revenue, 1), Books.Move("a:2", Books.Receivable("d"), Books.Revenue, 2), Late("b:1", 3), Books.Move("f", Books.Fees, Books.Bank, 4));
        Assert.Equal("a:1 a:2 b:1 f", await KeysAsync(host, ""));
        Assert.Equal("a:1 b:1", await KeysAsync(host, "customer=c"));
        Assert.Equal("a:1 a:2 b:1", await KeysAsync(host, "account=Revenue"));
        Assert.Equal("a:2", await KeysAsync(host, "account=Receivable:d&customer=d"));
        Assert.Equal("", await KeysAsync(host, "account=Receivable:d&customer=c"));
        Assert.Equal("a:1 a:2", await KeysAsync(host, "key_prefix=a:"));
        Assert.Equal("b:1", await KeysAsync(host, "from=2026-01-31T12:00:01Z"));
        Assert.Equal("a:1 a:2 f", await KeysAsync(host, "until=2026-01-31T12:00:01Z"));
        JsonElement first = (await host.SendAsync("GET", $"{Transactions}?limit=3")).Json;
        Assert.Equal("f", await KeysAsync(host, $"limit=3&cursor={first.GetProperty("next_cursor").GetString()}"));
        Assert.Equal(400, (await host.SendAsync("GET", $"{Transactions}?account=Receivable")).Status);
    }

    [Fact]
    public async Task A_statement_opens_lists_and_closes()
    {
        await using BillingHost host = await BillingHost.StartAsync(engines);
        Books books = new(engines.Postgres, host.Tenant);
        await books.PostAsync(
            PostMode.Atomic,
            Books.Move("jan", Books.Receivable("c"), Books.Revenue, 1000, "2026-01-31"), Books.Move("feb", Books.Receivable("c"), Books.Revenue, 500, "2026-02-10"),
            Books.Move("paid", Books.Bank, Books.Receivable("c"), 1200, "2026-02-11"), Books.Move("excess", Books.Bank, Books.Credit("c"), 100, "2026-02-11"),
            Books.Move("mar", Books.Receivable("c"), Books.Revenue, 700, "2026-03-01"), Books.Move("other", Books.Receivable("d"), Books.Revenue, 700, "2026-02-01"));
        string path = "/v1/ledger/customers/c/statement?from=2026-02-01&until=2026-03-01";
        JsonElement statement = (await host.SendAsync("GET", path)).Json;
        Assert.Equal(
            """[{"account":"Receivable:c","currency":"USD","opening":"10.00","closing":"3.00"},{"account":"CustomerCredit:c","currency":"USD","opening":"0.00","closing":"1.00"}]""",
            statement.GetProperty("accounts").GetRawText());
        Assert.Equal(["feb Receivable:c debit 5.00 15.00", "paid Receivable:c credit 12.00 3.00", "excess CustomerCredit:c credit 1.00 1.00"], Lines(statement));
        JsonElement first = (await host.SendAsync("GET", $"{path}&limit=2")).Json;
        JsonElement rest = (await host.SendAsync("GET", $"{path}&limit=2&cursor={first.GetProperty("next_cursor").GetString()}")).Json;
        Assert.Equal(Lines(statement), Lines(first).Concat(Lines(rest)));
        Assert.Equal(400, (await host.SendAsync("GET", "/v1/ledger/customers/c/statement?from=2026-02-01")).Status);
    }

    [Fact]
    public async Task A_month_is_closed_once_its_revenue_is_recognised()
    {
        await using BillingHost host = await BillingHost.StartAsync(engines);
        Books books = new(engines.Postgres, host.Tenant);
        DateTimeOffset january = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
        await books.InAsync(async transaction =>
        {
            await Deferrals.AddAsync(transaction, [new DeferredLine("i/1", null, "c", Books.Usd(5900), new TimeRange(january, january.AddMonths(2)), "UTC", ProrationUnit.Day)], Token);
            await LedgerStore.PostAsync(transaction, [Books.Move("i", Books.Receivable("c"), Account.OfCustomer(AccountKind.Deferred, "c"), 5900)], PostMode.Atomic, Token);
            return 0;
        });
        string close = """{"approver":"ada"}""";
        Answered early = await host.SendAsync("POST", "/v1/ledger/months/2026-01/close", close);
        Assert.Equal((409, true), (early.Status, early.Text.Contains("metering ledger recognize", StringComparison.Ordinal)));
        Answered recognized = await host.SendAsync("POST", "/v1/ledger/recognitions", """{"until":"2026-01"}""");
        Assert.Equal("""{"lines":1,"posted":1,"done":true}""", recognized.Text);
        Assert.Equal("""{"result":"Closed","month":"2026-01","open_from":"2026-02-01"}""", (await host.SendAsync("POST", "/v1/ledger/months/2026-01/close", close)).Text);
        Assert.Equal("""{"result":"AlreadyClosed","month":"2026-01","open_from":"2026-02-01"}""", (await host.SendAsync("POST", "/v1/ledger/months/2026-01/close", close)).Text);
        JsonElement closed = (await host.SendAsync("GET", "/v1/ledger/months")).Json.GetProperty("items");
        Assert.Equal(("2026-01", "ada"), (closed[0].GetProperty("month").GetString(), closed[0].GetProperty("closed_by").GetString()));
        Answered late = await host.SendAsync("POST", Transactions, Fee("late", "1.00").Replace("\"reason\"", "\"effective_on\":\"2026-01-15\",\"reason\"", StringComparison.Ordinal));
        Assert.Equal((409, true), (late.Status, late.Text.Contains("MonthClosed", StringComparison.Ordinal)));
        Assert.Equal(422, (await host.SendAsync("POST", "/v1/ledger/months/2999-01/close", close)).Status);
        Assert.Equal(400, (await host.SendAsync("POST", "/v1/ledger/months/January/close", close)).Status);
        Assert.Equal(422, (await host.SendAsync("POST", "/v1/ledger/months/2026-02/close", "{}")).Status);
    }

    [Fact]
    public async Task An_export_goes_on_where_the_last_one_ended()
    {
        await using BillingHost host = await BillingHost.StartAsync(engines);
        Books books = new(engines.Postgres, host.Tenant);
        await books.PostAsync(PostMode.Each, [.. Enumerable.Range(0, 2000).Select(n => Books.Move($"n:{n}", Books.Fees, Books.Bank, n + 1))]);
        (string cursor, string[] lines) = await ExportAsync(host, "");
        Assert.Equal(4000, lines.Length);
        JsonElement last = JsonDocument.Parse(lines[^1]).RootElement;
        Assert.Equal(("n:1999", "Bank", "credit", "20.00", 2), (Text(last, "key"), Text(last, "account"), Text(last, "direction"), Text(last, "amount"), last.GetProperty("number").GetInt32()));
        await books.PostAsync(LedgerTransaction.Create("q", new Booking(new DateOnly(2026, 1, 31), Books.Noon), Books.Move("", Books.Receivable("a,b"), Books.Revenue, 5).Entries, "said \"yes\", twice"));
        (string next, string[] more) = await ExportAsync(host, $"?format=csv&cursor={cursor}");
        Assert.Equal("seq,number,key,effective_on,booked_at,account,customer,direction,amount,currency,reason", more[0]);
        Assert.Contains(",1,q,2026-01-31,2026-01-31T12:00:00Z,\"Receivable:a,b\",\"a,b\",debit,0.05,USD,\"said \"\"yes\"\", twice\"", more[1], StringComparison.Ordinal);
        Assert.Equal(3, more.Length);
        Assert.Empty((await ExportAsync(host, $"?cursor={next}")).Lines);
        Assert.Equal(400, (await host.SendAsync("GET", "/v1/ledger/export?format=xml")).Status);
    }

    [Fact]
    public async Task Many_requests_with_one_reference_post_once()
    {
        await using BillingHost host = await BillingHost.StartAsync(engines);
        Answered[] answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => host.SendAsync("POST", Transactions, Fee("f", "0.05"))));
        Assert.Equal(1, answers.Count(answer => answer.Status == 201));
        Assert.Equal(19, answers.Count(answer => answer.Status == 200 && Result(answer) == "AlreadyPosted"));
    }

    private static string Fee(string reference, string amount) =>
        $$"""{"reference":"{{reference}}","reason":"bank fee","approver":"ada","entries":[{"account":"Fees","direction":"debit","amount":"{{amount}}","currency":"USD"},{"account":"Bank","direction":"credit","amount":"{{amount}}","currency":"USD"}]}""";

    private static LedgerTransaction Late(string key, long cents) =>
        LedgerTransaction.Create(key, new Booking(new DateOnly(2026, 1, 31), Books.Noon.AddHours(1)), Books.Move(key, Books.Receivable("c"), Books.Revenue, cents).Entries);

    private static string? Result(Answered answer) => answer.Json.GetProperty("result").GetString();

    private static string? Text(JsonElement element, string name) => element.GetProperty(name).GetString();

    private static async Task<IEnumerable<string>> AccountsAsync(BillingHost host, string query) =>
        (await host.SendAsync("GET", $"/v1/ledger/accounts{query}")).Json.GetProperty("items").EnumerateArray().Select(one => $"{Text(one, "account")} {Text(one, "balance")}");

    private static async Task<string> KeysAsync(BillingHost host, string query) =>
        string.Join(' ', (await host.SendAsync("GET", $"{Transactions}?{query}")).Json.GetProperty("items").EnumerateArray().Select(one => Text(one, "key")));

    private static IEnumerable<string> Lines(JsonElement statement) => statement.GetProperty("entries").EnumerateArray()
        .Select(entry => $"{Text(entry, "key")} {Text(entry, "account")} {Text(entry, "direction")} {Text(entry, "amount")} {Text(entry, "balance")}");

    private static async Task<(string Cursor, string[] Lines)> ExportAsync(BillingHost host, string query)
    {
        using HttpResponseMessage response = await host.Client.GetAsync($"/v1/ledger/export{query}", Token);
        response.EnsureSuccessStatusCode();
        string text = await response.Content.ReadAsStringAsync(Token);
        return (response.Headers.GetValues("Metering-Next-Cursor").Single(), text.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }
}
