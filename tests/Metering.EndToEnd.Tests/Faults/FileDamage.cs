namespace Metering.EndToEnd.Tests.Faults;

/// <summary>What becomes of bytes on a disk.</summary>
internal static class FileDamage
{
    /// <summary>Where the file's last byte is that is not zero, plus one.</summary>
    public static long End(string file)
    {
        ReadOnlySpan<byte> bytes = File.ReadAllBytes(file);
        return bytes.TrimEnd((byte)0).Length;
    }

    public static void Cut(string file, long length)
    {
        using FileStream open = File.OpenWrite(file);
        open.SetLength(length);
    }

    /// <summary>Flips a bit. Doing it twice undoes it.</summary>
    public static void Flip(string file, long at, int bit)
    {
        using FileStream open = new(file, FileMode.Open, FileAccess.ReadWrite);
        open.Position = at;
        int value = open.ReadByte();
        open.Position = at;
        open.WriteByte((byte)(value ^ (1 << bit)));
    }

    /// <summary>The log's segments, oldest first.</summary>
    public static string[] Segments(string folder) => [.. Directory.GetFiles(folder, "log.*").OrderBy(path => int.Parse(Path.GetExtension(path)[1..], null))];
}
