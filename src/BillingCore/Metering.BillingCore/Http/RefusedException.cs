using Metering.Billing;
using Microsoft.AspNetCore.Http;

namespace Metering.BillingCore.Http;

/// <summary>A request that is refused with a problem body. What it had done in its transaction is undone.</summary>
internal sealed class RefusedException(int status, string detail, IReadOnlyList<Problem>? problems = null) : Exception(detail)
{
    private const int MaxListed = 100;

    public int Status { get; } = status;

    /// <summary>Each with the path of its field.</summary>
    public IReadOnlyList<Problem> Problems { get; } = problems ?? [];

    public static RefusedException BadRequest(string detail) => new(StatusCodes.Status400BadRequest, detail);

    public static RefusedException NotFound(string detail) => new(StatusCodes.Status404NotFound, detail);

    public static RefusedException Conflict(string detail) => new(StatusCodes.Status409Conflict, detail);

    /// <summary>The body is JSON, but does not say something that can be.</summary>
    public static RefusedException Invalid(IReadOnlyList<Problem> problems) =>
        new(StatusCodes.Status422UnprocessableEntity, problems.Count == 1 ? problems[0].ToString() : $"The body has {problems.Count} problems.", [.. problems.Take(MaxListed)]);

    /// <summary>For use after reading.</summary>
    public static void ThrowIfAny(IReadOnlyList<Problem> problems)
    {
        if (problems.Count > 0)
        {
            throw Invalid(problems);
        }
    }
}
