using System.Globalization;
using Metering.BillingCore.Tests.Testing;
using Npgsql;
using Xunit;

namespace Metering.BillingCore.Tests.Runs;

public sealed class ManySubjectsTests(Engines engines)
{
    /// <summary>More of them than fit into one statement of ClickHouse's default length.</summary>
    private const int Subjects = 4_000;

    [Fact]
    public async Task A_customer_pays_for_all_its_subjects_however_many_there_are()
    {
        await using Seller seller = await Seller.OpenAsync(engines);
        await seller.SubscribeAsync("acme");
        await seller.BillAsync();
        await using (NpgsqlCommand map = seller.Postgres.Source.CreateCommand($"""
            insert into billing.customer_subject (tenant_id, seq, subject, customer, valid_from, recorded_at)
            select '{seller.Host.Tenant}', 1, 'device-' || n, 'acme', '2000-01-01T00:00:00Z', now() from generate_series(1, {Subjects}) as n
            """))
        {
            await map.ExecuteNonQueryAsync();
        }

        foreach (int one in new[] { 1, Subjects / 2, Subjects })
        {
            await seller.UseAsync(string.Create(CultureInfo.InvariantCulture, $"device-{one}"), "2026-01-10", "4");
        }

        await seller.SealAsync("2026-02-01");
        seller.Set("2026-02-01T00:10:00Z");
        Assert.Equal(1, await seller.BillAsync());
        Assert.Equal("open: base 30.00, calls 11.00 = 45.10", (await seller.InvoicesAsync("acme"))[1]); // 12 calls: 10·1 + 2·0.5
    }
}
