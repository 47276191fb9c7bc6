using System.Text.Json;
using Metering.Billing.Postgres.Invoices;
using Metering.Billing.Postgres.Tenancy;
using Metering.BillingCore.Tests.Testing;
using Npgsql;
using Xunit;
using static Metering.BillingCore.Tests.Invoices.Charges;

namespace Metering.BillingCore.Tests.Invoices;

public sealed class FinalizationTests(Engines engines)
{
    [Fact]
    public async Task An_invoice_is_finalised_once()
    {
        await using BilledTenant acme = await BilledTenant.StartAsync(engines);
        string id = await acme.OpenAsync();
        Assert.Equal([FinalizeOutcome.Finalized, FinalizeOutcome.AlreadyFinal], [await OutcomeAsync(acme, id, "10"), await OutcomeAsync(acme, id, "99")]);
        Assert.Equal("12.00 INV-000001", await acme.FieldsAsync(id, "total", "number"));
        Assert.Equal(FinalizeOutcome.NoDraft, await OutcomeAsync(acme, "inv_none", "10"));
        Assert.Equal("1", await acme.ScalarAsync("select count(*) from billing.outbox where tenant_id = $1 and type = 'invoice.finalized'"));
        await acme.AssertBooksAsync();
    }

    [Fact]
    public async Task The_same_cause_is_the_same_invoice_for_ever()
    {
        await using BilledTenant acme = await BilledTenant.StartAsync(engines);
        string id = await acme.OpenAsync(kind: "period");
        Assert.Equal(id, await acme.OpenAsync(kind: "period"));
        await OutcomeAsync(acme, id, "10");
        Assert.Equal(id, await acme.OpenAsync(kind: "period"));
        Assert.Equal("open", await acme.FieldsAsync(id, "state"));
        DraftKey key = new("sub_1", January, "period", 1);
        Assert.Equal(30, key.IdIn("t").Length);
        Assert.Equal(5, new HashSet<string> { key.IdIn("t"), key.IdIn("u"), (key with { Attempt = 2 }).IdIn("t"), (key with { Kind = "advance" }).IdIn("t"), (key with { DueAt = January.AddTicks(1) }).IdIn("t") }.Count);
    }

    [Fact]
    public async Task What_a_customer_has_pays_the_first_invoices_of_a_batch()
    {
        await using BilledTenant acme = await BilledTenant.StartAsync(engines);
        await acme.AddCustomerAsync("other", appliesCredit: false);
        await acme.BillAsync(Fee("back", "-25"));
        await acme.BillAsync("other", [Fee("back", "-25")]);
        await acme.PostAsync("/v1/grants", """{"customer":"acme","kind":"promotional","amount":"15","currency":"USD","reference":"gift","valid_from":"2026-01-01T00:00:00Z"}""");
        string[] ids = [];
        await acme.InTransactionAsync(async transaction =>
        {
            ids = [.. await acme.OpenAsync(transaction, "acme"), .. await acme.OpenAsync(transaction, "acme"), .. await acme.OpenAsync(transaction, "other"), .. await acme.OpenAsync(transaction, "acme")];
            await Finalization.FinalizeAsync(
                transaction,
                [.. ids.Select(id => new InvoiceToFinalize(id, Inputs("sub_acme", id == ids[2] ? Fee("back", "-50") : Fee("a", "20")), false, null, new Dictionary<int, Billing.Money>()))],
                DateTimeOffset.UtcNow,
                TestContext.Current.CancellationToken);
        });
        Assert.Equal("15.00 6.00 0.00", await acme.FieldsAsync(ids[0], "promotional", "by_credit", "remaining"));
        Assert.Equal("0.00 24.00 0.00", await acme.FieldsAsync(ids[1], "promotional", "by_credit", "remaining"));
        Assert.Equal("-60.00 60.00", await acme.FieldsAsync(ids[2], "total", "carried"));
        Assert.Equal("0.00 0.00 24.00", await acme.FieldsAsync(ids[3], "promotional", "by_credit", "remaining"));
        InvoiceRow keeps = await acme.BillAsync("other", [Fee("a", "10")]);
        Assert.Equal("0.00 12.00", await acme.FieldsAsync(keeps.Id, "by_credit", "remaining"));
        await acme.AssertBooksAsync();
    }

    /// <summary>However many there are, the commands are the same few.</summary>
    [Fact]
    public async Task A_batch_of_hundreds_takes_no_more_statements_than_one()
    {
        await using BilledTenant acme = await BilledTenant.StartAsync(engines);
        await acme.BillAsync(Calls(30), Advance("seats", "80")); // opens the accounts
        await acme.PostAsync("/v1/grants", """{"customer":"acme","kind":"promotional","amount":"500","currency":"USD","reference":"gift","valid_from":"2026-01-01T00:00:00Z"}""");
        await StatementsAsync(acme, 1);
        int one = await StatementsAsync(acme, 1);
        Assert.Equal(one, await StatementsAsync(acme, 300));
        Assert.Equal("303", await acme.ScalarAsync("select count(*) from billing.invoice where tenant_id = $1"));
        await acme.AssertBooksAsync();
    }

    /// <summary>Two of three transactions fail after they took their numbers: the others have 1, 2, 3 …</summary>
    [Fact]
    public async Task Numbers_have_no_gaps_whoever_fails_beside()
    {
        await using BilledTenant acme = await BilledTenant.StartAsync(engines);
        await Task.WhenAll(Enumerable.Range(0, 4).Select(async customer =>
        {
            await acme.AddCustomerAsync($"c{customer}");
            for (int i = 0; i < 9; i++)
            {
                await using TenantTransaction transaction = await acme.BeginAsync();
                string[] ids = [.. await acme.OpenAsync(transaction, $"c{customer}"), .. await acme.OpenAsync(transaction, $"c{customer}")];
                foreach (string id in ids)
                {
                    await BilledTenant.FinalizeAsync(transaction, id, Inputs($"sub_c{customer}", Fee("a", "10")));
                }

                if (i % 3 == 0)
                {
                    await transaction.CommitAsync(TestContext.Current.CancellationToken);
                }
            }
        }));
        Assert.Equal(
            string.Join(" ", Enumerable.Range(1, 24).Select(number => $"INV-{number:D6}")),
            await acme.ScalarAsync("select string_agg(number, ' ' order by number) from billing.invoice where tenant_id = $1"));
        await acme.AssertBooksAsync();
    }

    /// <summary>PostgreSQL fails at the write of one table after another, as if it had died there: nothing is left, and the next attempt does it all.</summary>
    [Theory]
    [InlineData("ledger_transaction")]
    [InlineData("ledger_entry")]
    [InlineData("deferred_line")]
    [InlineData("grant_use")]
    [InlineData("credit_grant")]
    [InlineData("document_series")]
    [InlineData("invoice")]
    [InlineData("invoice_line")]
    [InlineData("outbox")]
    [InlineData("audit_log")]
    public async Task A_failure_at_any_step_leaves_nothing(string table)
    {
        await using BilledTenant acme = await BilledTenant.StartAsync(engines);
        await acme.PostAsync("/v1/grants", """{"customer":"acme","kind":"promotional","amount":"15","currency":"USD","reference":"gift","valid_from":"2026-01-01T00:00:00Z"}""");
        string id = await acme.OpenAsync();
        string before = await FootprintAsync(acme);
        string trigger = $"fails_{acme.Tenant}";
        await engines.ExecuteAsync(
            $"""
            create function billing.{trigger}() returns trigger language plpgsql as $$ begin raise exception 'power off'; end $$;
            create trigger {trigger} before insert or update on billing.{table} for each row when (new.tenant_id = '{acme.Tenant}') execute function billing.{trigger}();
            """);
        try
        {
            PostgresException failure = await Assert.ThrowsAsync<PostgresException>(() => BillAsync(acme, id));
            Assert.Equal("power off", failure.MessageText);
        }
        finally
        {
            await engines.ExecuteAsync($"drop trigger {trigger} on billing.{table}; drop function billing.{trigger}()");
        }

        Assert.Equal(before, await FootprintAsync(acme));
        await BillAsync(acme, id);
        Assert.Equal("open INV-000001 15.00", await acme.FieldsAsync(id, "state", "number", "promotional"));
        await acme.AssertBooksAsync();
    }

    [Fact]
    public async Task A_connection_that_is_killed_leaves_nothing()
    {
        await using BilledTenant acme = await BilledTenant.StartAsync(engines);
        string id = await acme.OpenAsync();
        string before = await FootprintAsync(acme);
        await using (TenantTransaction transaction = await acme.BeginAsync())
        {
            await BilledTenant.FinalizeAsync(transaction, id, Inputs("sub_acme", Fee("a", "10")));
            int process = int.Parse((await acme.ScalarAsync(transaction, "select pg_backend_pid() where $1 <> ''"))!, null);
            await engines.ExecuteAsync($"select pg_terminate_backend({process})");
            await Assert.ThrowsAnyAsync<NpgsqlException>(() => transaction.CommitAsync(TestContext.Current.CancellationToken));
        }

        Assert.Equal(before, await FootprintAsync(acme));
    }

    [Theory]
    [InlineData("update billing.invoice set number = 'INV-9' where tenant_id = $1")]
    [InlineData("update billing.invoice set inputs = '{}' where tenant_id = $1")]
    [InlineData("update billing.invoice set inputs_hash = '' where tenant_id = $1")]
    [InlineData("update billing.invoice set body = '{}' where tenant_id = $1")]
    [InlineData("update billing.invoice set total = 1, remaining = 1 where tenant_id = $1")]
    [InlineData("update billing.invoice set customer = 'other' where tenant_id = $1")]
    [InlineData("update billing.invoice set state = 'draft' where tenant_id = $1")]
    [InlineData("delete from billing.invoice where tenant_id = $1")]
    public async Task What_a_final_invoice_says_never_changes(string sql)
    {
        await using BilledTenant acme = await BilledTenant.StartAsync(engines);
        await acme.BillAsync(Fee("a", "10"));
        await using TenantTransaction transaction = await acme.BeginAsync();
        PostgresException refused = await Assert.ThrowsAsync<PostgresException>(() => acme.ExecuteAsync(transaction, sql));
        Assert.Contains(refused.SqlState, new[] { PostgresErrorCodes.RestrictViolation, PostgresErrorCodes.CheckViolation });
    }

    [Theory]
    [InlineData("update billing.invoice_line set amount = 1 where tenant_id = $1")]
    [InlineData("delete from billing.invoice_line where tenant_id = $1")]
    [InlineData("update billing.payment set amount = 1 where tenant_id = $1")]
    [InlineData("update billing.grant_use set amount = 1 where tenant_id = $1")]
    [InlineData("delete from billing.credit_note where tenant_id = $1")]
    [InlineData("truncate billing.invoice")]
    public async Task The_application_may_not_change_what_is_recorded(string sql)
    {
        await using BilledTenant acme = await BilledTenant.StartAsync(engines);
        await acme.BillAsync(Fee("a", "10"));
        await using TenantTransaction transaction = await acme.BeginAsync();
        PostgresException refused = await Assert.ThrowsAsync<PostgresException>(async () =>
        {
            await using NpgsqlCommand command = sql.Contains("$1", StringComparison.Ordinal) ? transaction.Command(sql, acme.Tenant) : transaction.Command(sql);
            await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        });
        Assert.Equal(PostgresErrorCodes.InsufficientPrivilege, refused.SqlState);
    }

    [Fact]
    public async Task A_voided_credit_note_stays_void()
    {
        await using BilledTenant acme = await BilledTenant.StartAsync(engines);
        InvoiceRow invoice = await acme.BillAsync(Fee("a", "10"));
        await acme.PostAsync($"/v1/invoices/{invoice.Id}/credit-notes", """{"reason":"r"}""");
        foreach (string change in new[] { "total = 1, reduced = 1", "reason = 'x', state = 'void', voided_at = now()" })
        {
            await using TenantTransaction transaction = await acme.BeginAsync();
            PostgresException refused = await Assert.ThrowsAsync<PostgresException>(() => acme.ExecuteAsync(transaction, $"update billing.credit_note set {change} where tenant_id = $1"));
            Assert.Equal(PostgresErrorCodes.RestrictViolation, refused.SqlState);
        }
    }

    [Fact]
    public async Task No_statement_sees_or_changes_another_tenants_money()
    {
        await using BilledTenant acme = await BilledTenant.StartAsync(engines);
        await using BilledTenant other = await BilledTenant.StartAsync(engines);
        InvoiceRow invoice = await acme.BillAsync(Fee("a", "10"));
        await acme.PayAsync(invoice.Id, "5", "wire");
        await acme.PostAsync($"/v1/invoices/{invoice.Id}/credit-notes", """{"reason":"r"}""");
        await acme.PostAsync("/v1/grants", """{"customer":"acme","kind":"promotional","amount":"15","currency":"USD","reference":"gift","valid_from":"2026-01-01T00:00:00Z"}""");
        await acme.BillAsync(Fee("a", "10"));
        foreach (string table in new[] { "document_series", "invoice", "invoice_line", "payment", "credit_note", "credit_note_line", "credit_grant", "grant_use" })
        {
            Assert.NotEqual("0", await acme.ScalarAsync($"select count(*) from billing.{table} where tenant_id = $1"));
            await using TenantTransaction transaction = await other.BeginAsync();
            await using NpgsqlCommand count = transaction.Command($"select count(*) from billing.{table} where tenant_id = $1", acme.Tenant);
            Assert.Equal(0L, await count.ExecuteScalarAsync(TestContext.Current.CancellationToken));
            await using NpgsqlCommand copy = transaction.Command(
                $"insert into billing.{table} select (jsonb_populate_record(null::billing.{table}, jsonb_build_object('tenant_id', $1::text))).*", acme.Tenant);
            PostgresException refused = await Assert.ThrowsAsync<PostgresException>(() => copy.ExecuteNonQueryAsync(TestContext.Current.CancellationToken));
            Assert.Equal(PostgresErrorCodes.InsufficientPrivilege, refused.SqlState);
        }

        foreach (string table in new[] { "document_series set last = 99", "invoice set paid = 1", "credit_note set state = 'void'", "credit_grant set remaining = 0" })
        {
            await using TenantTransaction transaction = await other.BeginAsync();
            await using NpgsqlCommand change = transaction.Command($"update billing.{table} where tenant_id = $1", acme.Tenant);
            Assert.Equal(0, await change.ExecuteNonQueryAsync(TestContext.Current.CancellationToken));
        }

        Assert.Equal(404, (await other.Host.SendAsync("GET", $"/v1/invoices/{invoice.Id}")).Status);
    }

    [Theory]
    [InlineData("inputs = replace(inputs::text, '\"30\"', '\"31\"')::json", "inputs_differ")]
    [InlineData("body = replace(body::text, '20.00', '20.01')::json", "body_differs")]
    [InlineData("inputs_hash = set_byte(inputs_hash, 0, 255 - get_byte(inputs_hash, 0))", "inputs_differ")]
    [InlineData("inputs = replace(inputs::text, '\"rules_version\":\"1\"', '\"rules_version\":\"0\"')::json", "unknown_rules")]
    [InlineData("inputs = '{\"rules_version\":\"1\"}'", "unreadable")]
    public async Task Verification_finds_a_change_in_the_database(string change, string found)
    {
        await using BilledTenant acme = await BilledTenant.StartAsync(engines);
        await acme.BillAsync(Fee("a", "10"));
        InvoiceRow invoice = await acme.BillAsync(Calls(30));
        Assert.All(await VerifiedAsync(acme), result => Assert.Equal("same", result.Value));
        await engines.ExecuteAsync(
            $"""
            begin; set local session_replication_role = replica;
            update billing.invoice set {change} where tenant_id = '{acme.Tenant}' and id = '{invoice.Id}'; commit
            """);
        Dictionary<string, string> results = await VerifiedAsync(acme);
        Assert.Equal(2, results.Count);
        Assert.Equal(found, results[invoice.Id]);
        Assert.Equal("same", results.Single(result => result.Key != invoice.Id).Value);
        Assert.Equal(found, (await acme.Host.SendAsync("GET", $"/v1/invoices/verify?invoice={invoice.Id}")).Json.GetProperty("items")[0].GetProperty("result").GetString());
        Assert.Equal(404, (await acme.Host.SendAsync("GET", "/v1/invoices/verify?invoice=inv_none")).Status);
    }

    private static async Task<Dictionary<string, string>> VerifiedAsync(BilledTenant tenant)
    {
        Dictionary<string, string> results = [];
        string cursor = "";
        do
        {
            JsonElement page = (await tenant.Host.SendAsync("GET", $"/v1/invoices/verify?limit=1&cursor={cursor}")).Json;
            foreach (JsonElement item in page.GetProperty("items").EnumerateArray())
            {
                results.Add(item.GetProperty("id").GetString()!, item.GetProperty("result").GetString()!);
            }

            cursor = page.GetProperty("next_cursor").GetString() ?? "";
        }
        while (cursor.Length > 0);
        return results;
    }

    /// <summary>Finalises so many drafts in one transaction.</summary>
    /// <returns>The commands that it took.</returns>
    private static async Task<int> StatementsAsync(BilledTenant tenant, int count)
    {
        int commands = 0;
        using System.Diagnostics.ActivityListener listener = new()
        {
            ShouldListenTo = source => source.Name == "Npgsql",
            Sample = (ref System.Diagnostics.ActivityCreationOptions<System.Diagnostics.ActivityContext> options) =>
                System.Diagnostics.Activity.Current?.OperationName == nameof(StatementsAsync) ? System.Diagnostics.ActivitySamplingResult.AllData : System.Diagnostics.ActivitySamplingResult.None,
            ActivityStarted = _ => Interlocked.Increment(ref commands),
        };
        await tenant.InTransactionAsync(async transaction =>
        {
            List<InvoiceToFinalize> drafts = [];
            for (int i = 0; i < count; i++)
            {
                string id = (await tenant.OpenAsync(transaction, "acme"))[0];
                drafts.Add(new InvoiceToFinalize(id, Inputs("sub_acme", Calls(30), Advance("seats", "80")), Incomplete: false, Reason: null, new Dictionary<int, Billing.Money>()));
            }

            System.Diagnostics.ActivitySource.AddActivityListener(listener);
            using System.Diagnostics.Activity counted = new System.Diagnostics.Activity(nameof(StatementsAsync)).Start();
            await Finalization.FinalizeAsync(transaction, drafts, DateTimeOffset.UtcNow, TestContext.Current.CancellationToken);
        });
        Assert.NotEqual(0, commands);
        return commands;
    }

    private static Task BillAsync(BilledTenant tenant, string id) =>
        tenant.InTransactionAsync(transaction => BilledTenant.FinalizeAsync(transaction, id, Inputs("sub_acme", Fee("a", "20"), Advance("seats", "90"))));

    private static async Task<FinalizeOutcome> OutcomeAsync(BilledTenant tenant, string id, string amount)
    {
        FinalizedRow? row = null;
        await tenant.InTransactionAsync(async transaction => row = await BilledTenant.FinalizeAsync(transaction, id, Inputs("sub_acme", Fee("a", amount))));
        return row!.Outcome;
    }

    /// <summary>Everything there is of a tenant's money, counted and summed.</summary>
    private static async Task<string> FootprintAsync(BilledTenant tenant) => (await tenant.ScalarAsync(
        """
        select concat_ws(' ', (select count(*) from billing.ledger_entry where tenant_id = $1), (select count(*) from billing.deferred_line where tenant_id = $1),
          (select count(*) from billing.grant_use where tenant_id = $1), (select sum(remaining) from billing.credit_grant where tenant_id = $1),
          (select string_agg(state || coalesce(number, ''), ',' order by id) from billing.invoice where tenant_id = $1), (select count(*) from billing.invoice_line where tenant_id = $1),
          (select count(*) from billing.outbox where tenant_id = $1), (select count(*) from billing.audit_log where tenant_id = $1), (select count(*) from billing.document_series where tenant_id = $1))
        """))!;
}
