using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.InteropServices;

namespace Metering.Host.Import;

/// <summary>
/// Ids from content: the hash of the row and, from the second of equal rows on, its number among them. A second import, a sorted copy or a part of
/// the file gives the same ids, and rows that are equal by chance stay as many events as there are rows.
/// </summary>
/// <remarks>Remembers 16 bytes and a number per distinct row: some 40 MB a million. A file too big for that is imported in parts, or has an id column.</remarks>
internal sealed class RowIds
{
    private readonly Dictionary<UInt128, int> _seen = [];

    public static UInt128 KeyOf(ReadOnlySpan<byte> hash) => BinaryPrimitives.ReadUInt128BigEndian(hash);

    public string Next(UInt128 key)
    {
        ref int count = ref CollectionsMarshal.GetValueRefOrAddDefault(_seen, key, out _);
        count++;
        string id = key.ToString("x32", CultureInfo.InvariantCulture);
        return count == 1 ? id : string.Create(CultureInfo.InvariantCulture, $"{id}-{count}");
    }
}
