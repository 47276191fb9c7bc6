namespace Metering.Billing.Invoicing;

/// <summary>Where the money of a payment came to.</summary>
public enum PaymentMethod
{
    /// <summary>To the bank, directly.</summary>
    Bank,

    /// <summary>Through a provider, who pays it out later.</summary>
    Clearing,
}
