using System.Buffers.Text;
using System.Globalization;
using System.Text;

namespace Metering.Query.Http;

/// <summary>
/// Where a page of records ended: the last one's sort key. Opaque to clients. Rows that arrive later sort by their own key, so a page is never
/// repeated and never skips a row that existed when the first one was read.
/// </summary>
internal readonly record struct Cursor(long Ticks, int Part, ulong Offset)
{
    public override string ToString() =>
        Base64Url.EncodeToString(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{Ticks}.{Part}.{Offset}")));

    public static Cursor? Parse(string? text)
    {
        if (text is null)
        {
            return null;
        }

        if (Base64Url.IsValid(text) && Encoding.ASCII.GetString(Base64Url.DecodeFromChars(text)).Split('.') is [var ticks, var part, var offset]
            && long.TryParse(ticks, NumberStyles.None, CultureInfo.InvariantCulture, out long ticksValue)
            && ticksValue <= DateTime.MaxValue.Ticks
            && ushort.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out ushort partValue)
            && ulong.TryParse(offset, NumberStyles.None, CultureInfo.InvariantCulture, out ulong offsetValue))
        {
            return new Cursor(ticksValue, partValue, offsetValue);
        }

        throw RefusedException.BadRequest("cursor is not one that this endpoint gave out.");
    }
}
