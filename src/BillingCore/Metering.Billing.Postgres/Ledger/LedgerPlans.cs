using Metering.Storage.Postgres;
using Npgsql;

namespace Metering.Billing.Postgres.Ledger;

/// <summary>
/// The ledger's statements are prepared, and planned once for a connection, maybe while the tables are still empty, when reading all of them looks cheapest. All
/// their look-ups are by key, so reading all is ruled out for as long as it takes, and so is planning again for every call.
/// </summary>
internal static class LedgerPlans
{
    public static NpgsqlBatchCommand Begin() => Set("off", "force_generic_plan");

    public static NpgsqlBatchCommand End() => Set("on", "auto");

    private static NpgsqlBatchCommand Set(string seqScans, string plans) =>
        PostgresCommands.BatchCommand($"select set_config('enable_seqscan', '{seqScans}', true), set_config('plan_cache_mode', '{plans}', true)");
}
