namespace Metering.Billing.Invoicing;

/// <summary>When the amount of a line is revenue.</summary>
public enum LineRecognition
{
    /// <summary>It was earned before it was invoiced.</summary>
    Arrears,

    /// <summary>It is earned with the invoice.</summary>
    Once,

    /// <summary>It is earned over its service time.</summary>
    Advance,

    /// <summary>It buys a paid grant, which is a debt until it is used.</summary>
    GrantPurchase,
}
