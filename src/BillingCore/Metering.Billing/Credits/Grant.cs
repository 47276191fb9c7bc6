using Metering.Billing.Periods;

namespace Metering.Billing.Credits;

public enum GrantKind
{
    /// <summary>Given away: reduces the total before tax.</summary>
    Promotional,

    /// <summary>Bought: settles the total after tax.</summary>
    Paid,
}

/// <summary>Credit that a customer holds.</summary>
/// <param name="Remaining">Zero or more.</param>
/// <param name="Components">Keys of the components it may be used for; null for all.</param>
/// <param name="Priority">The smaller is used first.</param>
/// <param name="ExpiresAt">Null for never.</param>
/// <param name="IsUsable">A paid grant is usable once its purchase is paid; a promotional one always.</param>
public sealed record Grant(
    string Id, GrantKind Kind, Money Remaining, IReadOnlySet<string>? Components, int Priority, DateTimeOffset ValidFrom, DateTimeOffset? ExpiresAt, DateTimeOffset GrantedAt, bool IsUsable)
{
    /// <summary>Lines whose service overlaps the validity, of the grant's components.</summary>
    public bool Covers(string component, TimeRange service) =>
        (Components is null || Components.Contains(component)) && service.Overlaps(ValidFrom, ExpiresAt);

    /// <summary>In which order grants are used: priority, earliest expiry, oldest, id.</summary>
    public static int CompareUse(Grant left, Grant right)
    {
        int order = left.Priority.CompareTo(right.Priority);
        order = order != 0 ? order : (left.ExpiresAt ?? DateTimeOffset.MaxValue).CompareTo(right.ExpiresAt ?? DateTimeOffset.MaxValue);
        order = order != 0 ? order : left.GrantedAt.CompareTo(right.GrantedAt);
        return order != 0 ? order : string.CompareOrdinal(left.Id, right.Id);
    }
}
