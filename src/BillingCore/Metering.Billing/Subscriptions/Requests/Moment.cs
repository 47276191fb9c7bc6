using Metering.Billing.Calculator;
using Metering.Billing.Catalog.Documents;

namespace Metering.Billing.Subscriptions.Requests;

/// <summary>When something is to hold from: now, the end of the period that runs, or an instant.</summary>
/// <param name="IsPeriodEnd">The end of the period that runs.</param>
/// <param name="At">A whole minute; null for now, and for the period's end.</param>
public readonly record struct Moment(bool IsPeriodEnd, DateTimeOffset? At)
{
    public const string Now = "now";
    public const string PeriodEnd = "period_end";

    /// <summary><c>now</c> (the default), <c>period_end</c>, or an instant in UTC.</summary>
    internal static Moment Read(JsonFields fields, string name) => fields.Peek(name) switch
    {
        null or Now => default,
        PeriodEnd => new Moment(true, null),
        _ => new Moment(false, fields.Minute(name)),
    };

    /// <summary>The same without the end of a period.</summary>
    /// <returns>Null for now.</returns>
    internal static DateTimeOffset? ReadMinute(JsonFields fields, string name) => fields.Peek(name) is null or Now ? null : fields.Minute(name);
}
