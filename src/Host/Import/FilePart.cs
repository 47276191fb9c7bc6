using System.Globalization;
using Metering.Host.Settings;

namespace Metering.Host.Import;

/// <summary>Which rows this process sends, of several that read the same file. Equal rows are in one part, so that their ids stay the same.</summary>
internal readonly record struct FilePart(int Number, int Count)
{
    public static FilePart Whole => new(1, 1);

    /// <exception cref="SettingsException">Not like <c>3/10</c>.</exception>
    public static FilePart Parse(string text)
    {
        string[] parts = text.Split('/');
        return parts.Length == 2 && TryNumber(parts[0], out int number) && TryNumber(parts[1], out int count) && number >= 1 && number <= count
            ? new FilePart(number, count)
            : throw new SettingsException($"--part {text}: expected a part of a number of parts, such as 3/10.");
    }

    public bool Has(UInt128 key) => Count == 1 || (int)(key % (UInt128)(uint)Count) == Number - 1;

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Number}/{Count}");

    private static bool TryNumber(string text, out int number) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);
}
