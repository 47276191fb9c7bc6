using System.Security.Cryptography;

namespace Metering.Query.Meters;

/// <summary>ULIDs: sortable by the time they were made.</summary>
internal static class MeterIds
{
    private const int RandomBytes = 10;

    public static string New(DateTimeOffset now)
    {
        Span<byte> randomness = stackalloc byte[RandomBytes];
        RandomNumberGenerator.Fill(randomness);
        return Ulid.NewUlid(now, randomness).ToString();
    }
}
