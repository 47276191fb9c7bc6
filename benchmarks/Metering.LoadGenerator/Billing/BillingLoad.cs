using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Npgsql;

namespace Metering.LoadGenerator.Billing;

/// <summary>
/// Many subscriptions that are due at once. They are copies of one that was made over HTTP, and their usage is written as a seal would have written it, because making either
/// is not what is measured. Late events are real ones: what is late is what a later seal has.
/// </summary>
internal sealed class BillingLoad(Uri server, Uri clickHouse, string postgres, int? process) : IDisposable
{
    private const string Tenant = "default";
    private const int MinutesOfUsage = 10;
    private const int Previews = 500;
    private static readonly string[] s_meters = ["bench_a", "bench_b", "bench_c"];

    private readonly HttpClient _http = new() { BaseAddress = server, Timeout = TimeSpan.FromMinutes(10) };
    private readonly SqlClient _clickHouse = new(clickHouse);
    private readonly NpgsqlDataSource _postgres = NpgsqlDataSource.Create(postgres);

    public async Task RunAsync(int subscriptions, int late, CancellationToken cancellationToken)
    {
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        DateTimeOffset month = new DateTimeOffset(now.Year, now.Month, 1, 0, 0, 0, TimeSpan.Zero).AddMonths(-1);
        await PrepareAsync(subscriptions, month, cancellationToken);
        await MeasureAsync("billing run", subscriptions, () => PostUntilDoneAsync("v1/billing-runs", cancellationToken));
        await TellAsync("invoices", "select count(*) from billing.invoice where state <> 'draft'");
        await PreviewAsync(subscriptions, cancellationToken);
        if (late > 0)
        {
            await new LateEvents(_http, _clickHouse, s_meters).SendAsync(subscriptions, late, month.AddMonths(1), cancellationToken);
            await SealedAsync(cancellationToken);
            await MeasureAsync("correction run, late events", late, () => SendAsync(HttpMethod.Post, "v1/correction-runs", "{}", cancellationToken));
            await TellAsync("corrections that changed something", "select count(*) from billing.correction where outcome <> 'unchanged'");
        }

        await TellAsync("sum of the ledger's entries", "select coalesce(sum(amount), 0) from billing.ledger_entry");
    }

    public void Dispose()
    {
        _http.Dispose();
        _clickHouse.Dispose();
        _postgres.Dispose();
    }

    private async Task PrepareAsync(int subscriptions, DateTimeOffset month, CancellationToken cancellationToken)
    {
        foreach (string meter in s_meters)
        {
            await SendAsync(HttpMethod.Post, "api/v1/meters", $$"""{"slug":"{{meter}}","aggregation":"SUM","eventType":"{{meter}}","valueProperty":"$.value"}""", cancellationToken);
        }

        await SendAsync(HttpMethod.Put, "v1/products/bench", """{"name":"Bench"}""", cancellationToken);
        string usage = string.Join(",", s_meters.Select(meter => $$$"""{"key":"{{{meter}}}","meter":"{{{meter}}}","price":{"model":"graduated","tiers":[{"up_to":"100","unit":"0.01"},{"unit":"0.005"}]}}"""));
        await SendAsync(HttpMethod.Put, "v1/price-books/bench/draft", $$$"""
            {"currency":"USD","effective_from":"2020-01-01T00:00:00Z","plans":[{"key":"basic","product":"bench","phases":[{"key":"main","components":[{"key":"base","price":{"model":"flat","amount":"10"}},{{{usage}}}]}]}]}
            """, cancellationToken);
        await SendAsync(HttpMethod.Post, "v1/price-books/bench/versions/1/publish", "", cancellationToken);
        await SendAsync(HttpMethod.Put, "v1/customers/bench-0", """{"name":"Bench"}""", cancellationToken);
        await SendAsync(HttpMethod.Put, "v1/customers/bench-0/subjects/bench-0", "{}", cancellationToken);
        await SendAsync(
            HttpMethod.Post, "v1/subscriptions", $$"""{"customer":"bench-0","price_book":"bench","plan":"basic","anchor":"calendar","start":"{{month:yyyy-MM-dd}}T00:00:00Z"}""", cancellationToken);
        await CopyAsync(subscriptions, cancellationToken);
        long seal = await SealedAsync(cancellationToken);
        await UseAsync(subscriptions, month, seal, cancellationToken);
    }

    private async Task CopyAsync(int subscriptions, CancellationToken cancellationToken)
    {
        string[] statements =
        [
            $"create temp table t as select * from billing.subscription where customer = 'bench-0'",
            $"create temp table n as select i, 'bench-' || i as customer, 'sub_BENCH' || lpad(i::text, 10, '0') as id from generate_series(1, {subscriptions - 1}) i",
            "insert into billing.customer (tenant_id, key, name, zone, payment_term_days, grace_days, tax_status, applies_credit, metadata, created_at, updated_at) select c.tenant_id, n.customer, c.name, c.zone, c.payment_term_days, c.grace_days, c.tax_status, c.applies_credit, c.metadata, c.created_at, c.updated_at from n, billing.customer c where c.key = 'bench-0'",
            "insert into billing.customer_subject (tenant_id, seq, subject, valid_from, valid_until, customer, recorded_at) select s.tenant_id, s.seq + n.i, n.customer, s.valid_from, s.valid_until, n.customer, s.recorded_at from n, billing.customer_subject s where s.customer = 'bench-0'",
            "insert into billing.subscription select (r.row).* from (select jsonb_populate_record(null::billing.subscription, to_jsonb(t) || jsonb_build_object('id', n.id, 'customer', n.customer)) as row from n, t) r",
            "insert into billing.subscription_fact (tenant_id, subscription, seq, effective_at, recorded_at, body) select f.tenant_id, n.id, f.seq, f.effective_at, f.recorded_at, f.body from n, t join billing.subscription_fact f on f.subscription = t.id",
            "analyze billing.customer, billing.customer_subject, billing.subscription, billing.subscription_fact",
        ];
        await using NpgsqlConnection connection = await _postgres.OpenConnectionAsync(cancellationToken);
        foreach (string statement in statements)
        {
            await using NpgsqlCommand command = new(statement, connection) { CommandTimeout = 600 };
            await command.ExecuteNonQueryAsync(cancellationToken);
        }
    }

    /// <summary>Some minutes of usage of each subscription and meter, as a seal has them.</summary>
    private async Task UseAsync(int subscriptions, DateTimeOffset month, long seal, CancellationToken cancellationToken)
    {
        foreach (string meter in s_meters)
        {
            long revision = await ScalarAsync($"select max(mrev) from meter_rev join meter on meter.id = meter_id where slug = '{meter}'");
            await _clickHouse.ExecuteAsync(
                string.Create(CultureInfo.InvariantCulture, $"""
                    INSERT INTO usage_window (tenant, meter, subject, minute, grp, v, vt, vid, kind, seal_no, sealed_at, s, n)
                    SELECT '{Tenant}', {revision}, concat('bench-', toString(number % {subscriptions})), toDateTime({month.ToUnixTimeSeconds()}, 'UTC') + 60 * intDiv(number, {subscriptions}), [], 0,
                      toDateTime64('1970-01-01 00:00:00', 7, 'UTC'), toFixedString('', 16), 'use', {seal}, now(), toDecimal128(number % 97 + 1, 12), 1
                    FROM numbers({(long)subscriptions * MinutesOfUsage})
                    """),
                cancellationToken);
        }
    }

    private async Task PreviewAsync(int subscriptions, CancellationToken cancellationToken)
    {
        List<TimeSpan> times = [];
        for (int i = 0; i < Previews; i++)
        {
            long started = Stopwatch.GetTimestamp();
            int number = 1 + (int)((long)i * 7919 % Math.Max(1, subscriptions - 1));
            await SendAsync(HttpMethod.Get, string.Create(CultureInfo.InvariantCulture, $"v1/subscriptions/sub_BENCH{number:D10}/preview"), null, cancellationToken);
            times.Add(Stopwatch.GetElapsedTime(started));
        }

        times.Sort();
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"preview: p50 {times[Previews / 2].TotalMilliseconds:0} ms, p99 {times[Previews * 99 / 100].TotalMilliseconds:0} ms"));
    }

    private async Task MeasureAsync(string what, int count, Func<Task> work)
    {
        TimeSpan busy = ServerProcesses.Busy(process);
        long started = Stopwatch.GetTimestamp();
        await work();
        TimeSpan took = Stopwatch.GetElapsedTime(started);
        string memory = process is { } id ? string.Create(CultureInfo.InvariantCulture, $", {Process.GetProcessById(id).WorkingSet64 >> 20} MiB resident, {(ServerProcesses.Busy(id) - busy).TotalSeconds:0.0} s of processor") : "";
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{what}: {count:N0} in {took.TotalSeconds:0.0} s, {count / took.TotalSeconds:N0}/s{memory}"));
    }

    private async Task TellAsync(string what, string sql)
    {
        long number = await ScalarAsync(sql);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{what}: {number:N0}"));
    }

    private async Task PostUntilDoneAsync(string path, CancellationToken cancellationToken)
    {
        bool more = true;
        while (more)
        {
            using JsonDocument answer = JsonDocument.Parse(await SendAsync(HttpMethod.Post, path, "{}", cancellationToken));
            more = answer.RootElement.TryGetProperty("more", out JsonElement left) && left.GetBoolean();
        }
    }

    private async Task<long> SealedAsync(CancellationToken cancellationToken)
    {
        long seal = 0;
        while (seal == 0)
        {
            seal = await ScalarAsync("select coalesce(max(seal_no), 0) from seal where state = 'done'");
            await Task.Delay(TimeSpan.FromMilliseconds(200), cancellationToken);
        }

        return seal;
    }

    private async Task<long> ScalarAsync(string sql)
    {
        await using NpgsqlCommand command = _postgres.CreateCommand(sql);
        return Convert.ToInt64(await command.ExecuteScalarAsync(), CultureInfo.InvariantCulture);
    }

    private async Task<string> SendAsync(HttpMethod method, string path, string? body, CancellationToken cancellationToken)
    {
        using HttpRequestMessage request = new(method, path);
        if (body is not null)
        {
            request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        }

        using HttpResponseMessage response = await _http.SendAsync(request, cancellationToken);
        string text = await response.Content.ReadAsStringAsync(cancellationToken);
        return response.IsSuccessStatusCode ? text : throw new IOException($"{path}: {text}");
    }
}
