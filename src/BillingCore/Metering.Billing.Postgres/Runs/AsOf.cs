namespace Metering.Billing.Postgres.Runs;

/// <summary>What was recorded when an invoice was made: everything, or what came before one that is there.</summary>
/// <param name="Fact">The last one of the subscription.</param>
/// <param name="IssuedAt">When the invoice was issued, …</param>
/// <param name="Number">… and its number: documents before it are counted.</param>
/// <param name="Invoice">Differences that it billed were waiting; null: those that wait still.</param>
public sealed record AsOf(long Fact, DateTimeOffset IssuedAt, string Number, string? Invoice)
{
    /// <summary>Later than all that is recorded.</summary>
    public static AsOf Now { get; } = new(long.MaxValue, new DateTimeOffset(9999, 1, 1, 0, 0, 0, TimeSpan.Zero), "", Invoice: null);
}
