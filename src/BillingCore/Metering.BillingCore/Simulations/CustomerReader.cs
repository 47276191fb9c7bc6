using ClickHouse.Driver.ADO.Readers;
using Metering.BillingCore.Metered;
using Metering.Storage.ClickHouse;

namespace Metering.BillingCore.Simulations;

/// <summary>The customers of a simulation, page by page: those that the request names, or all with usage of a meter that either version bills.</summary>
internal sealed class CustomerReader(ClickHouseDatabase database, UsageScope scope, IReadOnlyList<int> meters, IReadOnlyList<string>? named)
{
    /// <summary>Names travel in the URL of a statement, which is not endless.</summary>
    private const int MaxListed = 100;

    /// <param name="after">The last customer of the page before; null for the first.</param>
    public async Task<CustomerPage> ReadAsync(string? after, int size, CancellationToken cancellationToken) => named is null
        ? await FindAsync(after, size, cancellationToken)
        : Named(after, Math.Min(size, MaxListed));

    private CustomerPage Named(string? after, int size)
    {
        List<string> left = [.. named!.Distinct(StringComparer.Ordinal).Where(customer => after is null || CustomerPage.Compare(customer, after) > 0)];
        left.Sort(CustomerPage.Compare);
        return new CustomerPage([.. left.Take(size)], after, IsListed: true, IsLast: left.Count <= size);
    }

    private async Task<CustomerPage> FindAsync(string? after, int size, CancellationToken cancellationToken)
    {
        if (meters.Count == 0)
        {
            return new CustomerPage([], after, IsListed: false, IsLast: true); // nothing metered is billed, so nobody is found by usage
        }

        SqlValues sql = new();
        string later = after is null ? "" : $" AND subject > {sql.Text(after)}";
        string text = $"""
            SELECT DISTINCT subject FROM usage_window
            WHERE {scope.Windows(sql)} AND meter IN {sql.Add(meters.ToArray(), "Array(UInt32)")}{later}
            ORDER BY subject
            LIMIT {sql.Add(size + 1, "UInt32")}
            """;
        List<string> customers = [];
        await using ClickHouseDataReader reader = await database.QueryAsync(text, sql.Parameters, cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            customers.Add(reader.GetString(0));
        }

        return new CustomerPage([.. customers.Take(size)], after, IsListed: false, IsLast: customers.Count <= size);
    }
}
