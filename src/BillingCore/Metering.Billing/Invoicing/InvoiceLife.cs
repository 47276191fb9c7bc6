namespace Metering.Billing.Invoicing;

/// <summary>draft → open → paid | void | uncollectible; uncollectible → paid. A draft that is deleted is no more.</summary>
public enum InvoiceState
{
    Draft,
    Open,
    Paid,
    Void,

    /// <summary>Written off. What is paid all the same is still taken.</summary>
    Uncollectible,
}

/// <summary>Why something cannot be done to an invoice, in order of precedence.</summary>
public enum InvoiceRefusal
{
    None,

    /// <summary>There is no such thing.</summary>
    Unknown,

    /// <summary>The reference was used for something else.</summary>
    ReferenceUsed,

    /// <summary>A draft asks for nothing yet: it is finalised first, or deleted.</summary>
    NotFinal,

    /// <summary>It asks for nothing any more.</summary>
    IsVoid,

    IsPaid,

    /// <summary>Nothing of it is expected any more: it is not closed again, and what took off the bad debt stays.</summary>
    WrittenOff,

    /// <summary>Somebody paid for it: only credit notes take back from now on.</summary>
    HasPayments,

    /// <summary>Part of it was taken back by a credit note already.</summary>
    HasCreditNotes,

    /// <summary>There is nothing left that could be given back.</summary>
    NothingLeft,

    /// <summary>It would give back more than is left.</summary>
    TooMuch,

    /// <summary>A grant that is bought is no sale: what is unused of it is refunded, or its unpaid invoice voided.</summary>
    BuysCredit,

    /// <summary>What it gave is spent and cannot be taken back.</summary>
    Spent,
}

/// <summary>What can happen to an invoice once it is final.</summary>
public static class InvoiceLife
{
    /// <summary>Money that comes is taken, also when nothing is open: it is the customer's credit then.</summary>
    public static InvoiceRefusal Pay(InvoiceState state) => state switch
    {
        InvoiceState.Draft => InvoiceRefusal.NotFinal,
        InvoiceState.Void => InvoiceRefusal.IsVoid,
        _ => InvoiceRefusal.None,
    };

    /// <summary>Of what was written off too: what is taken back of it is no bad debt any more.</summary>
    public static InvoiceRefusal Credit(InvoiceState state) => Pay(state);

    public static InvoiceRefusal WriteOff(InvoiceState state) => state == InvoiceState.Paid ? InvoiceRefusal.IsPaid : Close(state);

    /// <summary>One that grants and credit have paid can still be voided: they return.</summary>
    public static InvoiceRefusal Void(InvoiceState state, bool hasPayments, bool hasCreditNotes) => Close(state) is not InvoiceRefusal.None and var refusal ? refusal
        : hasPayments ? InvoiceRefusal.HasPayments
        : hasCreditNotes ? InvoiceRefusal.HasCreditNotes
        : InvoiceRefusal.None;

    /// <summary>Where a final invoice is when so much of it is still unpaid. One that was written off stays so until all of it is paid.</summary>
    public static InvoiceState With(InvoiceState state, Money remaining) => remaining.IsZero ? InvoiceState.Paid
        : state == InvoiceState.Uncollectible ? InvoiceState.Uncollectible
        : InvoiceState.Open;

    /// <summary>What of a payment pays the invoice, and what is more than it asks for.</summary>
    public static (Money Applied, Money Excess) Split(Money payment, Money remaining)
    {
        Money applied = Money.Min(payment, remaining);
        return (applied, payment - applied);
    }

    private static InvoiceRefusal Close(InvoiceState state) => state == InvoiceState.Uncollectible ? InvoiceRefusal.WrittenOff : Pay(state);
}
