namespace Metering.Billing.Subscriptions;

/// <summary>What has to be done in the transaction that records a transition. The table names it; the shell does it.</summary>
public enum Effect
{
    /// <summary>An invoice that must be paid before the service begins.</summary>
    IssueFirstInvoice,

    VoidFirstInvoice,

    /// <summary>Billing periods begin here, with a new anniversary.</summary>
    StartPeriods,

    /// <summary>Advance charges for time that is served from here on and is not paid for yet.</summary>
    BillAdvance,

    /// <summary>Usage and arrears up to here, on a last invoice.</summary>
    BillFinal,

    /// <summary>The lines of the change, and its audit line.</summary>
    Prorate,

    /// <summary>Advance time that is not served any more is given back, unless the request said to keep it.</summary>
    CreditUnused,

    GrantAccess,
    RevokeAccess,
}
