using Metering.Billing.Postgres.Tenancy;
using Metering.BillingCore.Tests.Testing;
using Npgsql;
using Xunit;

namespace Metering.BillingCore.Tests.Customers;

public sealed class CustomerTests(Engines engines)
{
    [Fact]
    public async Task A_customer_is_put_changed_listed_and_archived()
    {
        await using Shop shop = await Shop.OpenAsync(engines);
        Answered made = await shop.Host.SendAsync("PUT", "/v1/customers/Globex%20Corp", """{"currency":"USD","payment_term_days":14,"tax_status":"exempt","metadata":{"crm":"42"}}""");
        Assert.Equal((201, "/v1/customers/Globex%20Corp", "\"1\""), (made.Status, made.Location, made.ETag));
        Assert.Equal(
            """{"key":"Globex Corp","name":"Globex Corp","currency":"USD","zone":"UTC","payment_term_days":14,"grace_days":7,"tax_status":"exempt","applies_credit":true,"metadata":{"crm":"42"},"created_at":"2026-03-10T12:00:30Z","updated_at":"2026-03-10T12:00:30Z"}""",
            made.Text);
        Answered same = await shop.Host.SendAsync("PUT", "/v1/customers/Globex%20Corp", """{"currency":"USD","payment_term_days":14,"tax_status":"exempt","metadata":{"crm":"42"}}""");
        Assert.Equal((200, "\"1\""), (same.Status, same.ETag));
        Answered changed = await shop.Host.SendAsync("PUT", "/v1/customers/Globex%20Corp", """{"name":"Globex"}""", ("If-Match", "\"1\""));
        Assert.Equal((200, "\"2\"", "Globex"), (changed.Status, changed.ETag, changed.Json.GetProperty("name").GetString()));
        Assert.Equal(412, (await shop.Host.SendAsync("PUT", "/v1/customers/Globex%20Corp", """{"name":"Other"}""", ("If-Match", "\"1\""))).Status);
        Assert.Equal(["Globex Corp", "acme"], (await shop.Host.SendAsync("GET", "/v1/customers")).Json.GetProperty("items").EnumerateArray().Select(one => one.GetProperty("key").GetString()));
        Assert.Equal(204, (await shop.Host.SendAsync("DELETE", "/v1/customers/Globex%20Corp")).Status);
        Assert.Single((await shop.Host.SendAsync("GET", "/v1/customers")).Json.GetProperty("items").EnumerateArray());
        Assert.True((await shop.Host.SendAsync("GET", "/v1/customers/Globex%20Corp")).Json.TryGetProperty("archived_at", out _));
        Assert.Equal("customer.created,customer.updated,customer.archived", await shop.ScalarAsync("select string_agg(action, ',' order by seq) from billing.audit_log where subject = 'customer:Globex Corp'"));
        Assert.Equal("customer.created,customer.updated,customer.archived", await shop.ScalarAsync("select string_agg(type, ',' order by seq) from billing.outbox where aggregate = 'customer:Globex Corp'"));
    }

    [Theory]
    [InlineData("""{"zone":"Mars/Olympus"}""", "zone: 'Mars/Olympus' is not a zone of the IANA database")]
    [InlineData("""{"currency":"XXX"}""", "currency: 'XXX' is not a currency of ISO 4217")]
    [InlineData("""{"payment_term_days":400}""", "payment_term_days: must be a JSON integer from 0 to 365")]
    [InlineData("""{"tax_status":"never"}""", "tax_status: must be one of taxable, exempt, reverse_charge")]
    [InlineData("""{"metadata":{"a":1}}""", "metadata.a: must be a string")]
    [InlineData("""{"colour":"red"}""", "colour: is not a field here")]
    public async Task What_must_be_refused_is_refused_with_its_path(string body, string error)
    {
        await using BillingHost host = await BillingHost.StartAsync(engines);
        Answered refused = await host.SendAsync("PUT", "/v1/customers/acme", body);
        Assert.Equal(422, refused.Status);
        Assert.StartsWith(error, Assert.Single(refused.Errors), StringComparison.Ordinal);
        Assert.Equal(404, (await host.SendAsync("GET", "/v1/customers/acme")).Status);
    }

    [Fact]
    public async Task A_customer_with_a_subscription_that_has_not_ended_is_not_archived()
    {
        await using Shop shop = await Shop.OpenAsync(engines);
        string id = await shop.SubscribeAsync();
        Answered refused = await shop.Host.SendAsync("DELETE", "/v1/customers/acme");
        Assert.Equal(409, refused.Status);
        Assert.Contains(id, refused.Text, StringComparison.Ordinal);
        await shop.DoAsync(id, "cancel");
        Assert.Equal(204, (await shop.Host.SendAsync("DELETE", "/v1/customers/acme")).Status);
        Answered late = await shop.CreateAsync();
        Assert.Equal(422, late.Status);
        Assert.Equal("customer: 'acme' is archived: put it again first", Assert.Single(late.Errors));
    }

    [Fact]
    public async Task Now_is_the_next_whole_minute_and_the_answer_says_so()
    {
        await using Shop shop = await Shop.OpenAsync(engines);
        Answered mapped = await shop.Host.SendAsync("PUT", "/v1/customers/acme/subjects/user-1", """{"from":"now","until":"2027-01-01T00:00:00Z"}""");
        Assert.Equal("""{"subject":"user-1","customer":"acme","from":"2026-03-10T12:01:00Z","until":"2027-01-01T00:00:00Z","sequence":1}""", mapped.Text);
        Answered always = await shop.Host.SendAsync("PUT", "/v1/customers/acme/subjects/org%2Fteam");
        Assert.Equal("""{"subject":"org/team","customer":"acme","from":"2000-01-01T00:00:00Z","sequence":2}""", always.Text);
        Assert.Equal(always.Text, (await shop.Host.SendAsync("PUT", "/v1/customers/acme/subjects/org%2Fteam", "{}")).Text);
        Assert.Equal(422, (await shop.Host.SendAsync("PUT", "/v1/customers/acme/subjects/user-2", """{"from":"2026-01-01T00:00:30Z"}""")).Status);
        Assert.Equal(422, (await shop.Host.SendAsync("PUT", "/v1/customers/acme/subjects/user-2", """{"from":"now","until":"now"}""")).Status);
        Assert.Equal(404, (await shop.Host.SendAsync("PUT", "/v1/customers/nobody/subjects/user-2", "{}")).Status);
    }

    [Fact]
    public async Task A_subject_has_one_customer_at_a_time_and_the_mapping_of_every_change_can_be_asked_for()
    {
        await using Shop shop = await Shop.OpenAsync(engines);
        await shop.PutAsync("/v1/customers/globex", "{}");
        await shop.PutAsync("/v1/customers/acme/subjects/s", "{}");
        Answered taken = await shop.Host.SendAsync("PUT", "/v1/customers/globex/subjects/s", """{"from":"2026-04-01T00:00:00Z"}""");
        Assert.Equal(409, taken.Status);
        Assert.Contains("is customer 'acme's from 2000-01-01T00:00Z on", taken.Json.GetProperty("detail").GetString()!.Replace("''", "'", StringComparison.Ordinal), StringComparison.Ordinal);
        await shop.PutAsync("/v1/customers/acme/subjects/s", """{"until":"2026-04-01T00:00:00Z"}""");
        await shop.PutAsync("/v1/customers/globex/subjects/s", """{"from":"2026-04-01T00:00:00Z"}""");
        Assert.Equal(204, (await shop.Host.SendAsync("DELETE", "/v1/customers/globex/subjects/s?at=2026-06-01T00:00:00Z")).Status);
        Assert.Equal(404, (await shop.Host.SendAsync("DELETE", "/v1/customers/globex/subjects/s?at=2026-06-01T00:00:00Z")).Status);
        Assert.Equal("1 2000-01-01T00:00:00Z..", await MappingAsync(shop, "acme", 1));
        Assert.Equal("2 2000-01-01T00:00:00Z..2026-04-01T00:00:00Z", await MappingAsync(shop, "acme", 4));
        Assert.Equal("", await MappingAsync(shop, "globex", 2));
        Assert.Equal("3 2026-04-01T00:00:00Z..", await MappingAsync(shop, "globex", 3));
        Assert.Equal("4 2026-04-01T00:00:00Z..2026-06-01T00:00:00Z", await MappingAsync(shop, "globex", null));
    }

    [Theory]
    [InlineData("insert into billing.customer_subject (tenant_id, seq, subject, customer, valid_from, valid_until, recorded_at) values ('{0}', 9, 's', 'globex', '2026-06-01', '2026-06-02', now())", PostgresErrorCodes.ExclusionViolation)]
    [InlineData("insert into billing.customer_subject (tenant_id, seq, subject, customer, valid_from, valid_until, recorded_at) values ('{0}', 9, 't', 'globex', '2026-06-01 00:00:01', null, now())", PostgresErrorCodes.CheckViolation)]
    [InlineData("insert into billing.customer_subject (tenant_id, seq, subject, customer, valid_from, valid_until, recorded_at) values ('{0}', 9, 't', 'globex', '2026-06-02', '2026-06-02', now())", PostgresErrorCodes.CheckViolation)]
    [InlineData("insert into billing.customer_subject (tenant_id, seq, subject, customer, valid_from, valid_until, recorded_at) values ('{0}', 9, 't', 'nobody', '2026-06-01', null, now())", PostgresErrorCodes.ForeignKeyViolation)]
    [InlineData("update billing.customer_subject set customer = 'globex'", PostgresErrorCodes.InsufficientPrivilege)]
    [InlineData("delete from billing.customer_subject", PostgresErrorCodes.InsufficientPrivilege)]
    public async Task The_database_keeps_the_mapping(string sql, string state)
    {
        await using Shop shop = await Shop.OpenAsync(engines);
        await shop.PutAsync("/v1/customers/globex", "{}");
        await shop.PutAsync("/v1/customers/acme/subjects/s", "{}");
        await using TenantTransaction transaction = await new TenantDatabase(shop.Database).BeginAsync(shop.Host.Tenant, TestContext.Current.CancellationToken);
        await using NpgsqlCommand command = transaction.Command(sql.Replace("{0}", shop.Host.Tenant, StringComparison.Ordinal));
        Assert.Equal(state, (await Assert.ThrowsAsync<PostgresException>(() => command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken))).SqlState);
    }

    [Fact]
    public async Task Of_many_who_take_a_subject_at_once_one_has_it()
    {
        await using Shop shop = await Shop.OpenAsync(engines);
        foreach (int i in Enumerable.Range(0, 20))
        {
            await shop.PutAsync($"/v1/customers/c{i}", "{}");
        }

        Answered[] answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(i => shop.Host.SendAsync("PUT", $"/v1/customers/c{i}/subjects/s", "{}")));
        Assert.Equal([.. Enumerable.Repeat(409, 19), 200], answers.Select(answer => answer.Status).OrderDescending());
        Assert.Equal("1", await shop.ScalarAsync("select count(*) from billing.customer_subject where subject = 's'"));
    }

    private static async Task<string> MappingAsync(Shop shop, string customer, int? asOf)
    {
        Answered answer = await shop.Host.SendAsync("GET", $"/v1/customers/{customer}/subjects{(asOf is null ? "" : $"?as_of={asOf}")}");
        return string.Join(' ', answer.Json.GetProperty("items").EnumerateArray().Select(one =>
            $"{one.GetProperty("sequence").GetInt64()} {one.GetProperty("from").GetString()}..{(one.TryGetProperty("until", out System.Text.Json.JsonElement until) ? until.GetString() : "")}"));
    }
}
