namespace Metering.Billing.Subscriptions;

/// <summary>Effects on the wire: <c>grant_access</c>.</summary>
public static class EffectText
{
    public static string Text(this Effect effect) => effect switch
    {
        Effect.IssueFirstInvoice => "issue_first_invoice",
        Effect.VoidFirstInvoice => "void_first_invoice",
        Effect.StartPeriods => "start_periods",
        Effect.BillAdvance => "bill_advance",
        Effect.BillFinal => "bill_final",
        Effect.Prorate => "prorate",
        Effect.CreditUnused => "credit_unused",
        Effect.GrantAccess => "grant_access",
        Effect.RevokeAccess => "revoke_access",
    };
}
