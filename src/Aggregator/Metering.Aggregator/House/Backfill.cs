using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using ClickHouse.Driver.ADO.Readers;
using Metering.Aggregator.Engine.Flushing;
using Metering.Aggregator.Engine.Meters;
using Metering.Aggregator.Meters;
using Metering.Storage.ClickHouse;

namespace Metering.Aggregator.House;

/// <summary>Counts for a revision what came before it: one job per raw month and event day, so that each is small and can be repeated.</summary>
internal sealed class Backfill(ClickHouseDatabase database)
{
    /// <summary>One job for each (month of append, day of event) that holds events of the revision's type below its start.</summary>
    public async Task<IReadOnlyList<string>> PlanAsync(CatalogEntry entry, long[] starts, CancellationToken cancellationToken)
    {
        List<string> jobs = [];
        await using ClickHouseDataReader reader = await database.QueryAsync(
            """
            SELECT DISTINCT toYYYYMM(at) AS month, toString(toDate(time)) AS day FROM usage_raw
            WHERE tenant = {tenant:String} AND type = {type:String} AND kind != 'void' AND off < {starts:Array(UInt64)}[part + 1] ORDER BY month, day
            """,
            [
                ("tenant", entry.Revision.Tenant), ("type", entry.Revision.Definition.EventType), ("starts", Array.ConvertAll(starts, start => (ulong)start)),
            ],
            cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            BackfillArgs args = new(entry.Revision.Number, reader.GetFieldValue<uint>(0), reader.GetString(1), starts);
            jobs.Add(JsonSerializer.Serialize(args, HouseJson.Default.BackfillArgs));
        }

        return jobs;
    }

    /// <summary>Builds the job's flush. The rows it reads no longer change, so building it again gives the same bytes.</summary>
    public async Task<Flush> BuildAsync(HouseJob job, int housePart, MeterRevision revision, CancellationToken cancellationToken)
    {
        BackfillArgs args = JsonSerializer.Deserialize(job.Args, HouseJson.Default.BackfillArgs)!;
        string filter = string.Create(
            CultureInfo.InvariantCulture,
            $"tenant = {Quote(revision.Tenant)} AND type = {Quote(revision.Definition.EventType)} AND toYYYYMM(at) = {args.Month} AND toDate(time) = {Quote(args.Day)}");
        using HouseFlush flush = new(housePart, job.Seq, job.CreatedAt.ToUnixTimeMilliseconds(), new MeterSet([revision]));
        await EffectiveEvents.ReadAsync(database, EffectiveEvents.Sql(args.Starts, filter), flush.AddEvent, cancellationToken);
        return flush.End();
    }

    private static string Quote(string text) =>
        $"'{text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("'", "\\'", StringComparison.Ordinal)}'";
}

/// <param name="Month">Of append: 202611.</param>
/// <param name="Day">Of the event, UTC: 2026-11-22.</param>
/// <param name="Starts">Per partition: the offset from which on the revision counts events as they arrive.</param>
internal sealed record BackfillArgs(int Revision, uint Month, string Day, long[] Starts);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(BackfillArgs))]
internal sealed partial class HouseJson : JsonSerializerContext;
