namespace Metering.Embedded.ClickHouse.Http;

/// <summary>The HTTP status the server gives each error code.</summary>
internal static class HttpStatus
{
    public static int Of(int code) => code switch
    {
        // BAD_ARGUMENTS, CANNOT_PARSE_*, SYNTAX_ERROR, INCORRECT_DATA, TYPE_MISMATCH, and other mistakes in the statement or the data.
        6 or 8 or 25 or 26 or 27 or 36 or 38 or 41 or 44 or 53 or 62 or 72 or 88 or 89 or 117 or 167 or 168 or 223 or 224 or 321 or 376
            or 407 or 427 or 441 or 457 or 675 or 676 => 400,
        // UNKNOWN_TABLE, UNKNOWN_DATABASE, UNKNOWN_IDENTIFIER, UNKNOWN_FUNCTION, UNKNOWN_SETTING, UNKNOWN_FORMAT, …
        46 or 47 or 50 or 56 or 60 or 63 or 73 or 78 or 81 or 115 or 142 or 336 or 511 => 404,
        194 => 401,
        192 or 193 or 497 or 516 or 512 => 403,
        (int)ErrorCode.TooManySimultaneousQueries => 503,
        159 => 408,
        381 => 411,
        468 => 413,
        (int)ErrorCode.NotImplemented => 501,
        209 or 439 or 76 => 503,
        _ => 500,
    };
}
