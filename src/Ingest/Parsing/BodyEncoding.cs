using Microsoft.Extensions.Primitives;

namespace Metering.Ingest.Parsing;

internal enum BodyEncoding
{
    Identity,
    Gzip,
    Zstd,
    Unsupported,
}

internal static class BodyEncodings
{
    /// <summary>From the header <c>Content-Encoding</c>. Two encodings on top of each other are not supported: nobody sends them in earnest.</summary>
    public static BodyEncoding Of(StringValues header)
    {
        string value = header.Count switch { 0 => string.Empty, 1 => header[0] ?? string.Empty, _ => header.ToString() };
        return value.Trim().ToLowerInvariant() switch
        {
            "" or "identity" => BodyEncoding.Identity,
            "gzip" or "x-gzip" => BodyEncoding.Gzip,
            "zstd" => BodyEncoding.Zstd,
            _ => BodyEncoding.Unsupported,
        };
    }
}
