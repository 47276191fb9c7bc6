using Microsoft.AspNetCore.Http;

namespace Metering.Query.Http;

/// <summary>
/// A request that is refused with a problem body. Thrown from deep inside request parsing and caught in one place, <see cref="RequestEdge"/>.
/// </summary>
public sealed class RefusedException(int status, string detail) : Exception(detail)
{
    public int Status { get; } = status;

    public static RefusedException BadRequest(string detail) => new(StatusCodes.Status400BadRequest, detail);

    public static RefusedException NotFound(string detail) => new(StatusCodes.Status404NotFound, detail);

    public static RefusedException Conflict(string detail) => new(StatusCodes.Status409Conflict, detail);
}
