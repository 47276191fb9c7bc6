using System.Globalization;
using System.Text.Json;
using Metering.BillingCore.Tests.Testing;
using Xunit;

namespace Metering.BillingCore.Tests.Simulations;

/// <summary>As many customers as a busy tenant has. The times and the memory that a run needs are written to its output, for <c>docs/specs/pricing-simulation.md</c>.</summary>
public sealed class ManyCustomersTests(Engines engines, ITestOutputHelper output)
{
    private const int Customers = 10_000;

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    [InlineData(16)]
    public async Task The_totals_of_all_customers_are_exact_and_no_page_is_skipped(int components)
    {
        await using BillingHost host = await BillingHost.StartAsync(engines);
        int revision = await engines.AddMeterAsync(host.Tenant, "usage");
        await host.AddBookAsync(Components(components, "2"), Components(components, "3"));
        await engines.ClickHouse.ExecuteAsync($"""
            INSERT INTO usage_window (tenant, meter, subject, minute, grp, kind, seal_no, sealed_at, s, n)
            SELECT '{host.Tenant}', {revision}, 'customer-' || leftPad(toString(c.number), 5, '0'), toDateTime('2024-01-11 00:00:00', 'UTC') + 60 * m.number, ['m' || toString(k.number)],
              'use', 1, now(), toDecimal128(1 + c.number % 10, 12), 1
            FROM numbers({Customers}) AS c CROSS JOIN numbers({components}) AS k CROSS JOIN numbers(6) AS m
            """, TestContext.Current.CancellationToken);

        long started = TimeProvider.System.GetTimestamp();
        long allocated = GC.GetTotalAllocatedBytes();
        JsonElement totals = (await host.SimulateAsync(""","limit":0""")).GetProperty("totals");
        TimeSpan elapsed = TimeProvider.System.GetElapsedTime(started);
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{components} components: {elapsed.TotalSeconds:0.00} s, {(GC.GetTotalAllocatedBytes() - allocated) >> 20} MB allocated, {GC.GetGCMemoryInfo().HeapSizeBytes >> 20} MB of heap"));

        // 1 to 10 for each tenth of the customers, six times: 330 for ten of them.
        int quantity = Customers / 10 * 330 * components;
        Assert.Equal(Customers, totals.GetProperty("customers").GetInt32());
        Assert.Equal(string.Create(CultureInfo.InvariantCulture, $"{quantity * 2}.00 {quantity * 3}.00 {quantity}.00"), Simulated.Amounts(totals));
    }

    private static string Components(int count, string unit) => string.Join(',', Enumerable.Range(0, count).Select(number =>
        $$$"""{"key":"c{{{number}}}","meter":"usage","filter":[{"property":"model","values":["m{{{number}}}"]}],"price":{"model":"graduated","tiers":[{"up_to":"10","unit":"{{{unit}}}"},{"up_to":null,"unit":"{{{unit}}}"}]}}"""));
}
