using Metering.Billing.Invoicing;

namespace Metering.Billing.Postgres.Invoices;

/// <summary>States and the like, as they are stored and shown.</summary>
public static class InvoiceNames
{
    public static string Name(this InvoiceState state) => state switch
    {
        InvoiceState.Draft => "draft",
        InvoiceState.Open => "open",
        InvoiceState.Paid => "paid",
        InvoiceState.Void => "void",
        InvoiceState.Uncollectible => "uncollectible",
    };

    /// <summary>Null for another text.</summary>
    public static InvoiceState? FindState(string name) => Find(Enum.GetValues<InvoiceState>(), Name, name);

    public static string Name(this LineRecognition recognition) => recognition switch
    {
        LineRecognition.Arrears => "arrears",
        LineRecognition.Once => "once",
        LineRecognition.Advance => "advance",
        LineRecognition.GrantPurchase => "grant_purchase",
    };

    internal static LineRecognition RecognitionOf(string name) => Find(Enum.GetValues<LineRecognition>(), Name, name)!.Value;

    internal static RoundingMode RoundingOf(string name) => Find(Enum.GetValues<RoundingMode>(), RoundingModes.Name, name)!.Value;

    internal static string Name(this InvoiceLineKind kind) => kind switch
    {
        InvoiceLineKind.Usage => "usage",
        InvoiceLineKind.Component => "component",
        InvoiceLineKind.Amount => "amount",
        InvoiceLineKind.Commitment => "commitment",
        InvoiceLineKind.GrantPurchase => "grant_purchase",
    };

    private static T? Find<T>(T[] values, Func<T, string> nameOf, string name)
        where T : struct
    {
        foreach (T value in values)
        {
            if (nameOf(value) == name)
            {
                return value;
            }
        }

        return null;
    }
}
