using System.Runtime.InteropServices;
using System.Text;

namespace Metering.Embedded.ClickHouse.Native;

/// <summary>Values for `{name:Type}`, in ClickHouse's escaped text form: what HTTP clients send and what the engine parses.</summary>
internal sealed class QueryParameters
{
    public static readonly QueryParameters None = new();

    private readonly List<(byte[] Name, byte[] Value)> _items = [];

    public int Count => _items.Count;

    public void Add(string name, string value) => _items.Add((Encoding.UTF8.GetBytes(name), Encoding.UTF8.GetBytes(value)));

    public (byte[] Name, byte[] Value) this[int index] => _items[index];
}

/// <summary>The parameters as C arrays, for the time of one call.</summary>
internal sealed unsafe class PinnedParameters : IDisposable
{
    private readonly byte* _memory;

    public PinnedParameters(QueryParameters parameters)
    {
        if (parameters.Count == 0)
        {
            return;
        }

        int count = parameters.Count;
        int text = Enumerable.Range(0, count).Sum(i => parameters[i].Name.Length + parameters[i].Value.Length);
        _memory = (byte*)NativeMemory.Alloc((nuint)((count * 4 * sizeof(nint)) + text));
        Names = (byte**)_memory;
        Values = Names + count;
        NameLengths = (nuint*)(Values + count);
        ValueLengths = NameLengths + count;
        byte* next = (byte*)(ValueLengths + count);
        for (int i = 0; i < count; i++)
        {
            next = Put(parameters[i].Name, next, Names + i, NameLengths + i);
            next = Put(parameters[i].Value, next, Values + i, ValueLengths + i);
        }
    }

    public byte** Names { get; }

    public byte** Values { get; }

    public nuint* NameLengths { get; }

    public nuint* ValueLengths { get; }

    public void Dispose() => NativeMemory.Free(_memory);

    private static byte* Put(byte[] text, byte* at, byte** pointer, nuint* length)
    {
        text.CopyTo(new Span<byte>(at, text.Length));
        *pointer = at;
        *length = (nuint)text.Length;
        return at + text.Length;
    }
}
