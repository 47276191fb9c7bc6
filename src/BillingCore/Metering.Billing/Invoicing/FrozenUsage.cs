using System.Text.Json;
using Metering.Billing.Catalog;
using Metering.Billing.Periods;
using Metering.Billing.Rating;

namespace Metering.Billing.Invoicing;

/// <summary>The usage that a line of a final invoice bills, and what it was read as of.</summary>
/// <param name="Inputs">Of the invoice.</param>
/// <param name="Charge">That the line is of.</param>
/// <param name="Usage">Of the line: of a matrix that of its cell.</param>
public sealed record FrozenUsage(InvoiceInputs Inputs, UsageCharge Charge, Usage Usage)
{
    /// <param name="inputs">As stored.</param>
    /// <param name="key">Of the line, with <paramref name="period"/> its identity.</param>
    /// <param name="cell">Of the line; empty when it is about none.</param>
    /// <returns>Null when the line bills no usage.</returns>
    /// <exception cref="FormatException">The inputs cannot be read.</exception>
    public static FrozenUsage? Find(string inputs, TimeRange period, string key, CellKey cell)
    {
        using JsonDocument json = JsonDocument.Parse(inputs);
        InvoiceInputs read = InputsReader.Read(json.RootElement);
        string charged = cell.Values.Count == 0 ? key : key[..^$"[{cell}]".Length];
        if (read.Charges.OfType<UsageCharge>().FirstOrDefault(one => one.Period == period && one.Key == charged) is not { } charge)
        {
            return null;
        }

        Usage usage = cell.Values.Count == 0 ? charge.Usage : charge.Usage.Cells?.FirstOrDefault(one => one.Key.Equals(cell)).Usage ?? Usage.None;
        return new FrozenUsage(read, charge, usage);
    }
}
