using System.Globalization;
using System.Text;
using Metering.Billing.Tests.Runs.Life;
using Metering.Contracts;
using Npgsql;
using Xunit;

namespace Metering.BillingCore.Tests.Runs.Model;

/// <summary>Events that were sent and that the next seal folds, as the aggregator writes them: windows that are sums by minute and cell, and raw rows.</summary>
internal sealed class ModelUsage(ModelWorld world, string tenant)
{
    private readonly Dictionary<string, (int Revision, string Subject, LifeUse Now, long Offset)> _sent = [];
    private readonly List<(int Revision, string Subject, LifeUse Use, string Kind, decimal Sum, int Count)> _windows = [];
    private readonly List<string> _raw = [];

    /// <summary>Meters of the names of the components that count usage.</summary>
    public async Task AddMeterAsync(string slug)
    {
        await using NpgsqlCommand command = world.Postgres.Source.CreateCommand($$$"""
            with made as (
              insert into meter (id, tenant, slug, aggregation, event_type, group_by, created_at, updated_at)
              values ('{{{tenant}}}-{{{slug}}}', '{{{tenant}}}', '{{{slug}}}', 'SUM', '{{{slug}}}', '{"m":"$.m"}', now(), now()) returning id)
            insert into meter_rev (meter_id, definition, state, created_at)
            select id, '{"aggregation":"SUM","eventType":"{{{slug}}}","valueProperty":"$.value","groupBy":{"m":"$.m"}}', 'ready', now() from made
            """);
        await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
    }

    /// <param name="kind">use, or history for what is older than the horizon.</param>
    public async Task SendAsync(string subject, LifeUse use, string kind)
    {
        int revision = await RevisionAsync(use.Component);
        _windows.Add((revision, subject, use, kind, Number(use.Value), 1));
        _sent[use.Id] = (revision, subject, use, Raw(subject, use, use, "use", HashOf(use.Id), null, 0));
    }

    public void Void(string id)
    {
        (int revision, string subject, LifeUse now, long offset) = _sent[id];
        _windows.Add((revision, subject, now, "void", -Number(now.Value), -1));
        Raw(subject, now, now, "void", HashOf($"void-{id}"), HashOf(id), offset);
        _sent.Remove(id);
    }

    public void Amend(string id, string value)
    {
        (int revision, string subject, LifeUse now, long offset) = _sent[id];
        _windows.Add((revision, subject, now, "amend", Number(value) - Number(now.Value), 0));
        LifeUse then = now with { Value = value };
        Raw(subject, now, then, "amend", HashOf($"amend-{id}-{_raw.Count}-{world.Seal}"), HashOf(id), offset);
        _sent[id] = (revision, subject, then, offset);
    }

    /// <summary>Writes what waits as rows of the seal that comes next.</summary>
    public async Task WriteAsync()
    {
        string[] windows =
        [
            .. _windows.GroupBy(one => (one.Revision, one.Subject, one.Use.At, one.Use.Cell, one.Kind)).Select(same => string.Create(
                CultureInfo.InvariantCulture,
                $"('{tenant}', {same.Key.Revision}, '{same.Key.Subject}', toDateTime({same.Key.At.ToUnixTimeSeconds()}, 'UTC'), ['{same.Key.Cell}'], 0, toDateTime64('1970-01-01 00:00:00', 7, 'UTC'), toFixedString('', 16), '{same.Key.Kind}', {world.Seal + 1}, now(), toDecimal128('{same.Sum(one => one.Sum)}', 12), {same.Sum(one => one.Count)})")),
        ];
        if (windows.Length > 0)
        {
            await InsertAsync($"usage_window (tenant, meter, subject, minute, grp, v, vt, vid, kind, seal_no, sealed_at, s, n) VALUES {string.Join(", ", windows)}");
            await InsertAsync($"usage_raw (tenant, type, subject, time, part, off, at, id_hash, target_hash, target_off, source, id, data, kind) VALUES {string.Join(", ", _raw)}");
        }

        _windows.Clear();
        _raw.Clear();
    }

    /// <returns>Its offset.</returns>
    private long Raw(string subject, LifeUse target, LifeUse now, string kind, string hash, string? targetHash, long targetOffset)
    {
        long offset = (world.Seal * 1000) + _raw.Count + 1;
        string zeros = new('0', 32);
        _raw.Add(
            $$"""('{{tenant}}', '{{target.Component}}', '{{subject}}', toDateTime64('{{target.At:yyyy-MM-dd HH:mm:ss}}', 7, 'UTC'), 0, {{offset}}, now(), toFixedString(unhex('{{hash}}'), 16), toFixedString(unhex('{{targetHash ?? zeros}}'), 16), {{targetOffset}}, 'test', '{{target.Id}}', '{"value":{{now.Value}},"m":"{{now.Cell}}"}', '{{kind}}')""");
        return offset;
    }

    private async Task<int> RevisionAsync(string slug)
    {
        await using NpgsqlCommand command = world.Postgres.Source.CreateCommand($"select mrev from meter_rev where meter_id = '{tenant}-{slug}'");
        return (int)(await command.ExecuteScalarAsync(TestContext.Current.CancellationToken))!;
    }

    private Task InsertAsync(string rows) => world.ClickHouse.ExecuteAsync($"INSERT INTO {rows}", TestContext.Current.CancellationToken);

    private string HashOf(string id) => EventIdentity.Of(Encoding.UTF8.GetBytes(tenant), "test"u8, Encoding.UTF8.GetBytes(id)).ToString();

    private static decimal Number(string value) => decimal.Parse(value, CultureInfo.InvariantCulture);
}
