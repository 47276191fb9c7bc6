using System.Buffers;
using Metering.Billing.Rating;

namespace Metering.Billing.Calculator;

/// <summary><c>POST /v1/calculator/rate</c>: what a component costs, step by step, without a subscription. Pure: nothing is stored.</summary>
public static class RateCalculator
{
    /// <param name="tzdb">The version of the zone rules, as the answer shows it.</param>
    /// <param name="refused">Why the whole body is refused, when it is.</param>
    /// <returns>False, and nothing is written, when the body is refused; a case that is refused only says so in its result.</returns>
    public static bool TryAnswer(ReadOnlyMemory<byte> body, string tzdb, IBufferWriter<byte> output, out Problem refused) =>
        CaseBatch.TryAnswer(body, tzdb, Compute, RateAnswer.Write, output, out refused);

    private static RateAnswer? Compute(JsonFields fields, List<Problem> problems)
    {
        RateCase request = RateCase.Read(fields);
        if (problems.Count == 0)
        {
            problems.AddRange(request.Check());
        }

        if (problems.Count > 0)
        {
            return null;
        }

        Explanation explanation = new();
        BilledStep step = StepBilling.Bill(request.Component, request.Usage, request.Already, request.Terms, explanation);
        return new RateAnswer(step, explanation);
    }
}
