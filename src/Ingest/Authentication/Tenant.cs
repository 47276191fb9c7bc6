using System.Buffers;
using System.Text;

namespace Metering.Ingest.Authentication;

/// <summary>Who sends. Part of every identity, so its spelling is checked where it is not ours.</summary>
internal sealed class Tenant
{
    public const string DefaultName = "default";

    private const int LongestName = 128;

    private static readonly SearchValues<char> s_allowed =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.");

    public Tenant(string name)
    {
        Name = name;
        Utf8 = Encoding.UTF8.GetBytes(name);
    }

    public static Tenant Default { get; } = new(DefaultName);

    public string Name { get; }

    public byte[] Utf8 { get; }

    public static bool IsName(string text) => text.Length is > 0 and <= LongestName && !text.AsSpan().ContainsAnyExcept(s_allowed);
}
