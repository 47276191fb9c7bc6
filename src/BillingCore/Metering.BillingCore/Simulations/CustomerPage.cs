using System.Text;
using Metering.BillingCore.Metered;

namespace Metering.BillingCore.Simulations;

/// <summary>Customers that are priced together, in the order of their keys' UTF-8 bytes, which is ClickHouse's.</summary>
/// <param name="After">All customers of the page come after this key; null for the first page.</param>
/// <param name="IsListed">Whether the request named them; otherwise they are all customers between <paramref name="After"/> and the last.</param>
/// <param name="IsLast">Whether no customer comes after them.</param>
internal sealed record CustomerPage(IReadOnlyList<string> Customers, string? After, bool IsListed, bool IsLast)
{
    public static int Compare(string left, string right) => Encoding.UTF8.GetBytes(left).AsSpan().SequenceCompareTo(Encoding.UTF8.GetBytes(right));

    /// <summary>A condition on the column <c>subject</c>.</summary>
    public string Condition(SqlValues sql) => IsListed
        ? $"subject IN {sql.Texts(Customers)}"
        : $"{(After is null ? "" : $"subject > {sql.Text(After)} AND ")}subject <= {sql.Text(Customers[^1])}";
}
