using Metering.BillingCore.Tests.Testing;
using Metering.Storage.Postgres;
using Npgsql;
using Xunit;

namespace Metering.BillingCore.Tests.Ledger;

/// <summary>Plans are made once for a connection, and it may be the first day: what they choose must be right on the last.</summary>
public sealed class PlanTests(Engines engines)
{
    [Theory]
    [InlineData("id = 7", "ledger_account_pkey")]
    [InlineData("customer = 'c' and kind = 'Receivable' and grant_id = '' and currency = 'USD'", "ledger_account_once")]
    public async Task An_account_is_found_by_its_own_key_even_when_the_tables_are_still_empty(string condition, string index)
    {
        await using PostgresDatabase postgres = await engines.CreateDatabaseAsync();
        await using NpgsqlConnection connection = await postgres.Source.OpenConnectionAsync(TestContext.Current.CancellationToken);
        await using NpgsqlCommand rule = connection.Command("set enable_seqscan = off");
        await rule.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        await using NpgsqlCommand explain = connection.Command($"explain select balance from billing.ledger_account where tenant_id = 't' and {condition}");
        Assert.Contains(index, await explain.ExecuteScalarAsync(TestContext.Current.CancellationToken) as string, StringComparison.Ordinal);
    }
}
