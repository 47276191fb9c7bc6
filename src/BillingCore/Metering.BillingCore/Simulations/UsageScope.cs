using ClickHouse.Driver.ADO.Readers;
using Metering.Billing.Periods;
using Metering.BillingCore.Http;
using Metering.BillingCore.Metered;
using Metering.Storage.ClickHouse;

namespace Metering.BillingCore.Simulations;

/// <summary>Whose usage is looked at, of when, and as it was known when: a done seal, whose answer never changes.</summary>
internal sealed record UsageScope(string Tenant, TimeRange Period, long Seal, DateTimeOffset SealedUpto, ulong[] Cut)
{
    /// <summary>Whether the seal covers all of the period; otherwise usage of its last minutes is missing.</summary>
    public bool IsComplete => Period.End <= SealedUpto;

    /// <summary>What of the period the seal covers ends here.</summary>
    public DateTimeOffset End => Period.End < SealedUpto ? Period.End : SealedUpto;

    /// <param name="seal">Null for the newest.</param>
    /// <exception cref="RefusedException">There is no such seal.</exception>
    public static async Task<UsageScope> OpenAsync(ClickHouseDatabase database, string tenant, TimeRange period, int? seal, CancellationToken cancellationToken)
    {
        SqlValues sql = new();
        string condition = seal is { } number ? $"seal_no = {sql.Add((long)number, "UInt64")}" : "seal_no > 0";
        await using ClickHouseDataReader reader = await database.QueryAsync(
            $"SELECT toInt64(seal_no), toInt64(toUnixTimestamp(upto)), cut FROM seal_mark FINAL WHERE {condition} ORDER BY seal_no DESC LIMIT 1", sql.Parameters, cancellationToken);
        if (!await reader.ReadAsync(cancellationToken))
        {
            throw RefusedException.Conflict(seal is null ? "No seal is done yet: usage is priced as of a seal." : $"seal: there is no seal {seal}: its answer would change.");
        }

        return new UsageScope(tenant, period, reader.GetInt64(0), DateTimeOffset.FromUnixTimeSeconds(reader.GetInt64(1)), reader.GetFieldValue<ulong[]>(2));
    }

    /// <summary>Conditions on rows of <c>usage_window</c>.</summary>
    public string Windows(SqlValues sql) =>
        $"tenant = {sql.Text(Tenant)} AND minute >= {sql.Minute(Period.Start)} AND minute < {sql.Minute(Period.End)} AND seal_no <= {sql.Add(Seal, "UInt64")}";
}
