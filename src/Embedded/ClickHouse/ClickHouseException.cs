using System.Globalization;

namespace Metering.Embedded.ClickHouse;

/// <summary>An error of the engine, or one we report in its manner: `Code: 60. DB::Exception: … (UNKNOWN_TABLE)`.</summary>
internal sealed class ClickHouseException : Exception
{
    public ClickHouseException(string message) : base(message) => Code = ParseCode(message);

    public ClickHouseException(ErrorCode code, string message, string name)
        : base($"Code: {(int)code}. DB::Exception: {message} ({name})") => Code = (int)code;

    public int Code { get; }

    private static int ParseCode(string message)
    {
        const string Prefix = "Code: ";
        int start = message.IndexOf(Prefix, StringComparison.Ordinal);
        int end = start < 0 ? -1 : message.IndexOf('.', start);
        return end > 0 && int.TryParse(message.AsSpan(start + Prefix.Length, end - start - Prefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out int code)
            ? code
            : (int)ErrorCode.Unknown;
    }
}

/// <summary>ClickHouse's numbers for the errors that we raise ourselves.</summary>
internal enum ErrorCode
{
    UnsupportedMethod = 1,
    BadArguments = 36,
    NotImplemented = 48,
    SyntaxError = 62,
    UnknownSetting = 115,
    TooManySimultaneousQueries = 202,
    CannotDecompress = 271,
    NetworkError = 210,
    SessionNotFound = 372,
    SessionIsLocked = 373,
    TooManyRowsOrBytes = 396,
    QueryIsTooLarge = 468,
    Unknown = 1002,
}
