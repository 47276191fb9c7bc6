using System.Collections.Frozen;
using System.Text;
using System.Text.Json;

namespace Metering.Billing.Invoicing;

/// <summary>What a stored invoice is found to be when it is computed again; the first that holds.</summary>
public enum InvoiceCheck
{
    Same,

    /// <summary>The inputs were computed by rules that this program does not have.</summary>
    UnknownRules,

    /// <summary>The inputs cannot be read.</summary>
    Unreadable,

    /// <summary>The inputs are not those that the hash was taken of.</summary>
    InputsDiffer,

    /// <summary>The inputs give another invoice.</summary>
    BodyDiffers,
}

/// <summary>
/// The rules of every version that ever made an invoice. An invoice is computed again by those that made it: a version that changes an amount adds a row and
/// leaves the others as they are.
/// </summary>
public static class InvoiceRules
{
    private delegate InvoiceDocument Computation(JsonElement inputs);

    private static readonly FrozenDictionary<string, Computation> s_byVersion = new Dictionary<string, Computation>
    {
        ["1"] = inputs => InvoiceDocument.Compute(InputsReader.Read(inputs)),
    }.ToFrozenDictionary();

    public static bool Has(string version) => s_byVersion.ContainsKey(version);

    /// <summary>The invoice that stored inputs give.</summary>
    /// <exception cref="FormatException">No inputs, or of a version that is not known.</exception>
    public static InvoiceDocument Recompute(string inputs)
    {
        using JsonDocument json = Parse(inputs);
        string version = VersionOf(json.RootElement);
        return s_byVersion.TryGetValue(version, out Computation? compute) ? compute(json.RootElement) : throw new FormatException($"There are no rules of version '{version}'.");
    }

    /// <summary>The inputs that are stored.</summary>
    /// <exception cref="FormatException">No inputs.</exception>
    public static InvoiceInputs Read(string inputs)
    {
        using JsonDocument json = Parse(inputs);
        return InputsReader.Read(json.RootElement);
    }

    /// <summary>Computes a stored invoice again and compares, byte by byte.</summary>
    /// <param name="inputs">As stored.</param>
    /// <param name="hash">Of the inputs, as stored.</param>
    /// <param name="body">As stored.</param>
    public static InvoiceCheck Check(string inputs, ReadOnlySpan<byte> hash, string body)
    {
        InvoiceDocument again;
        try
        {
            using JsonDocument json = Parse(inputs);
            if (!Has(VersionOf(json.RootElement)))
            {
                return InvoiceCheck.UnknownRules;
            }

            again = Recompute(inputs);
        }
        catch (FormatException)
        {
            return InvoiceCheck.Unreadable;
        }

        return !again.InputsHash.AsSpan().SequenceEqual(hash) || !again.Inputs.AsSpan().SequenceEqual(Encoding.UTF8.GetBytes(inputs)) ? InvoiceCheck.InputsDiffer
            : again.Body.AsSpan().SequenceEqual(Encoding.UTF8.GetBytes(body)) ? InvoiceCheck.Same
            : InvoiceCheck.BodyDiffers;
    }

    private static JsonDocument Parse(string inputs)
    {
        try
        {
            return JsonDocument.Parse(inputs);
        }
        catch (JsonException malformed)
        {
            throw new FormatException("The inputs are no JSON.", malformed);
        }
    }

    private static string VersionOf(JsonElement inputs) => inputs.ValueKind == JsonValueKind.Object && inputs.TryGetProperty("rules_version", out JsonElement version)
        && version.ValueKind == JsonValueKind.String ? version.GetString()! : "";
}
