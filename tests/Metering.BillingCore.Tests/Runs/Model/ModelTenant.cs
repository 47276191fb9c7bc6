using System.Globalization;
using System.Text;
using Metering.Billing.Postgres.Tenancy;
using Metering.BillingCore.Tests.Testing;
using Npgsql;
using Xunit;

namespace Metering.BillingCore.Tests.Runs.Model;

/// <summary>One tenant's requests and rows. Every request is sent twice with one key, and the second time changes nothing.</summary>
internal sealed class ModelTenant(string name, HttpClient client, ModelWorld world) : IDisposable
{
    private string? _fingerprint;
    private int _keys;

    public string Name => name;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    /// <summary>A request that is answered with success.</summary>
    public async Task<Answered> MustAsync(string method, string path, string body = "{}")
    {
        Answered answer = await SendAsync(method, path, body);
        Assert.True(answer.Status is 200 or 201 or 204, $"{method} {path} {body}: {answer.Status} {answer.Text} {world.Failures.Text}");
        return answer;
    }

    /// <summary>A request that is done, or refused by a rule and then changes nothing.</summary>
    /// <param name="isExpected">Whether the rules allow it.</param>
    public async Task<Answered> TryAsync(string path, string body, bool isExpected)
    {
        Answered answer = await SendAsync("POST", path, body);
        Assert.True(isExpected ? answer.Status is 200 or 201 : answer.Status is 409 or 422, $"{path} {body}, {(isExpected ? "allowed" : "refused")} by the rules: {answer.Status} {answer.Text} {world.Failures.Text}");
        return answer;
    }

    /// <summary>A run, which needs no key. Once more, and nothing changes; it is the answer of the first that says what was done.</summary>
    public async Task RunAsync(string path)
    {
        Answered first = await OnceAsync("POST", path, "{}", "");
        Assert.True(first.Status == 200, $"{path}: {first.Status} {first.Text} {world.Failures.Text}");
        string before = await FingerprintAsync();
        await OnceAsync("POST", path, "{}", "");
        Same(before, await FingerprintAsync());
    }

    public async Task<string> ScalarAsync(string sql)
    {
        await using TenantTransaction transaction = await BeginAsync();
        await using NpgsqlCommand command = transaction.Command(sql);
        return Convert.ToString(await command.ExecuteScalarAsync(Stop), CultureInfo.InvariantCulture) ?? "";
    }

    public async Task<List<T>> RowsAsync<T>(string sql, Func<NpgsqlDataReader, T> read)
    {
        await using TenantTransaction transaction = await BeginAsync();
        await using NpgsqlCommand command = transaction.Command(sql);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(Stop);
        List<T> rows = [];
        while (await reader.ReadAsync(Stop))
        {
            rows.Add(read(reader));
        }

        return rows;
    }

    public void Dispose() => client.Dispose();

    private async Task<Answered> SendAsync(string method, string path, string body)
    {
        string key = string.Create(CultureInfo.InvariantCulture, $"k{_keys++}");
        Answered first = await OnceAsync(method, path, body, key);
        string before = await FingerprintAsync();
        Answered again = await OnceAsync(method, path, body, key);
        Assert.Equal((first.Status, first.Status < 400 ? first.Text : ""), (again.Status, again.Status < 400 ? again.Text : "")); // a problem names its request
        Same(before, await FingerprintAsync());
        return first;
    }

    private async Task<Answered> OnceAsync(string method, string path, string body, string key)
    {
        using HttpRequestMessage request = new(new HttpMethod(method), path) { Content = method == "GET" ? null : new StringContent(body, Encoding.UTF8, "application/json") };
        if (key.Length > 0)
        {
            request.Headers.Add("Idempotency-Key", key);
        }

        using HttpResponseMessage response = await client.SendAsync(request, Stop);
        return new Answered((int)response.StatusCode, await response.Content.ReadAsStringAsync(Stop), null, null);
    }

    private Task<TenantTransaction> BeginAsync() => new TenantDatabase(world.Postgres).BeginAsync(name, Stop);

    /// <summary>Number of the tenant's rows and a checksum of the transactions that wrote them, table by table: no row was added, written or dropped.</summary>
    private async Task<string> FingerprintAsync()
    {
        _fingerprint ??= await ScalarAsync("""
            select 'select string_agg(line, E''\n'' order by line) from (' || string_agg(format(
              'select %L || '' '' || count(*) || '' '' || coalesce(sum(hashtextextended(xmin::text, 0)::numeric), 0) as line from billing.%I where tenant_id = current_setting(''metering.tenant'')',
              table_name, table_name), ' union all ') || ') as tables'
            from information_schema.columns join information_schema.tables using (table_schema, table_name)
            where table_schema = 'billing' and column_name = 'tenant_id' and table_type = 'BASE TABLE'
            """);
        return await ScalarAsync(_fingerprint);
    }

    /// <summary>By table, so that the one that changed can be read.</summary>
    private static void Same(string before, string after) => Assert.Empty(after.Split('\n').Except(before.Split('\n')));
}
