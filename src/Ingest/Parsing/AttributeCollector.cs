using System.IO.Hashing;
using Metering.Ingest.Validation;

namespace Metering.Ingest.Parsing;

/// <summary>Puts the extension attributes of one event together as a JSON object, members verbatim, and finds repeated names.</summary>
internal sealed class AttributeCollector(EventRules rules)
{
    private readonly ulong[] _names = new ulong[rules.MaxAttributes];
    private byte[] _json = new byte[1024];
    private int _count;
    private int _length;

    public void Reset() => _count = _length = 0;

    /// <summary>Counts a name, whether or not its value will be kept.</summary>
    public Problem AddName(ReadOnlySpan<byte> name)
    {
        if (_count == _names.Length)
        {
            return rules.TooManyAttributes;
        }

        ulong hash = XxHash3.HashToUInt64(name);
        if (_names.AsSpan(0, _count).Contains(hash))
        {
            return new Problem(Codes.DuplicateKey, $"{System.Text.Encoding.UTF8.GetString(name[..Math.Min(name.Length, 64)])} appears twice");
        }

        _names[_count++] = hash;
        return Problem.None;
    }

    /// <param name="member">The text <c>"name": value</c>.</param>
    public void AddMember(ReadOnlySpan<byte> member)
    {
        EnsureFree(member.Length + 2);
        _json[_length] = _length == 0 ? (byte)'{' : (byte)',';
        member.CopyTo(_json.AsSpan(_length + 1));
        _length += member.Length + 1;
    }

    /// <summary>The object; empty when there are no members. Valid until <see cref="Reset"/>.</summary>
    public ReadOnlySpan<byte> Finish()
    {
        if (_length == 0)
        {
            return [];
        }

        _json[_length] = (byte)'}';
        return _json.AsSpan(0, _length + 1);
    }

    private void EnsureFree(int needed)
    {
        if (_json.Length - _length < needed)
        {
            Array.Resize(ref _json, Math.Max(_json.Length * 2, _length + needed));
        }
    }
}
