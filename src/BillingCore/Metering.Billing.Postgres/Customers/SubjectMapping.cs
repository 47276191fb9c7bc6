namespace Metering.Billing.Postgres.Customers;

/// <summary>Whose usage a subject is, for a stretch of time.</summary>
/// <param name="ValidFrom">A whole minute.</param>
/// <param name="ValidUntil">Exclusive; null for ever.</param>
/// <param name="Sequence">The change of the tenant's mapping that made it.</param>
public sealed record SubjectMapping(string Subject, string Customer, DateTimeOffset ValidFrom, DateTimeOffset? ValidUntil, long Sequence)
{
    /// <summary>Whether some minute is in both.</summary>
    public bool Overlaps(DateTimeOffset from, DateTimeOffset? until) => !(until <= ValidFrom) && !(ValidUntil <= from);
}
