using Metering.Ingest.Validation;
using Microsoft.AspNetCore.Http;

namespace Metering.Ingest.Http;

/// <summary>The HTTP status of a refused request. What is wrong with the events themselves is always 400; 422 is not used.</summary>
internal static class ProblemStatus
{
    public static int Of(string code, bool isOpenMeter) => code switch
    {
        Codes.Unauthorized => StatusCodes.Status401Unauthorized,
        Codes.BodyTooLarge or Codes.BatchTooLarge => StatusCodes.Status413PayloadTooLarge,

        // OpenMeter's contract has 400 here.
        Codes.UnsupportedContentType => isOpenMeter ? StatusCodes.Status400BadRequest : StatusCodes.Status415UnsupportedMediaType,
        Codes.UnsupportedEncoding => StatusCodes.Status415UnsupportedMediaType,
        Codes.Overloaded => StatusCodes.Status429TooManyRequests,
        Codes.Internal => StatusCodes.Status500InternalServerError,
        Codes.NotStored or Codes.KeysUnavailable => StatusCodes.Status503ServiceUnavailable,
        _ => StatusCodes.Status400BadRequest,
    };
}
