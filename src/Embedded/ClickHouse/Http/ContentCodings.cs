using System.IO.Compression;
using K4os.Compression.LZ4.Streams;

namespace Metering.Embedded.ClickHouse.Http;

/// <summary>HTTP content codings that ClickHouse's clients use.</summary>
internal static class ContentCodings
{
    private static readonly string[] Preferred = ["zstd", "lz4", "br", "gzip", "deflate"];

    public static Stream Decode(Stream body, string? coding) => coding?.Trim().ToLowerInvariant() switch
    {
        null or "" or "identity" => body,
        "gzip" or "x-gzip" => new GZipStream(body, CompressionMode.Decompress),
        "deflate" => new ZLibStream(body, CompressionMode.Decompress),
        "br" => new BrotliStream(body, CompressionMode.Decompress),
        "zstd" => new ZstdSharp.DecompressionStream(body),
        "lz4" => LZ4Stream.Decode(body),
        _ => throw new ClickHouseException(ErrorCode.NotImplemented, $"Unknown Content-Encoding '{coding}'; use gzip, deflate, br, zstd or lz4", "NOT_IMPLEMENTED"),
    };

    public static string? Choose(string? acceptEncoding)
    {
        if (string.IsNullOrEmpty(acceptEncoding))
        {
            return null;
        }

        HashSet<string> offered = new(StringComparer.OrdinalIgnoreCase);
        foreach (string item in acceptEncoding.Split(','))
        {
            string[] parts = item.Split(';', StringSplitOptions.TrimEntries);
            if (!parts.Skip(1).Any(part => part is "q=0" or "q=0.0"))
            {
                offered.Add(parts[0].Trim());
            }
        }

        return Array.Find(Preferred, offered.Contains);
    }

    public static Stream Encode(Stream target, string coding) => coding switch
    {
        "gzip" => new GZipStream(target, CompressionLevel.Fastest, leaveOpen: true),
        "deflate" => new ZLibStream(target, CompressionLevel.Fastest, leaveOpen: true),
        "br" => new BrotliStream(target, CompressionLevel.Fastest, leaveOpen: true),
        "zstd" => new ZstdSharp.CompressionStream(target, level: 1, leaveOpen: true),
        "lz4" => LZ4Stream.Encode(target, leaveOpen: true),
        _ => throw new ArgumentOutOfRangeException(nameof(coding), coding, null),
    };
}
