namespace Metering.Billing.Proration;

/// <summary>What time is counted in when a part of a period is priced.</summary>
public enum ProrationUnit
{
    /// <summary>Local dates: the date of a change belongs to what is new.</summary>
    Day,

    /// <summary>Seconds that have passed.</summary>
    Second,

    /// <summary>Nothing is counted: whatever touches the period is charged, or credited, for all of it.</summary>
    None,
}
