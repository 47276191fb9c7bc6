using System.Security.Cryptography;

namespace Metering.Billing.Invoicing;

/// <summary>A computed invoice with the bytes that are kept of it for ever.</summary>
/// <param name="Inputs">Canonical JSON of all it depends on.</param>
/// <param name="InputsHash">SHA-256 of them.</param>
/// <param name="Body">Canonical JSON of lines, explanation and tax.</param>
public sealed record InvoiceDocument(Invoice Invoice, byte[] Inputs, byte[] InputsHash, byte[] Body)
{
    /// <inheritdoc cref="InvoiceComputation.Compute"/>
    public static InvoiceDocument Compute(InvoiceInputs inputs)
    {
        Invoice invoice = InvoiceComputation.Compute(inputs);
        byte[] bytes = InputsJson.Bytes(inputs);
        return new InvoiceDocument(invoice, bytes, SHA256.HashData(bytes), InvoiceJson.Bytes(invoice));
    }
}
