using System.Text.Json;
using Metering.Billing.Calculator;

namespace Metering.Billing.Invoicing.Requests;

/// <summary>The body of <c>POST …/void</c> and <c>…/write-off</c>.</summary>
/// <param name="Waives">Whether what a void invoice billed is not billed again.</param>
public sealed record ClosingRequest(string Reason, bool Waives)
{
    /// <param name="mayWaive">Whether there is anything to waive.</param>
    /// <returns>Of use only when there are no problems.</returns>
    public static ClosingRequest Read(JsonElement body, bool mayWaive, List<Problem> problems)
    {
        JsonFields fields = new(body, "", problems);
        ClosingRequest request = new(fields.RequiredReason("reason"), mayWaive && (fields.Flag("waive") ?? false));
        fields.Close();
        return request;
    }
}
