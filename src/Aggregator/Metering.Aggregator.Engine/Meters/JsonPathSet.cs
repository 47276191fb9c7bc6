using System.Text;
using System.Text.Json;

namespace Metering.Aggregator.Engine.Meters;

/// <summary>What stands at a path: a token of the document, by position. <see cref="JsonTokenType.None"/> when nothing does.</summary>
public readonly record struct JsonSlot(JsonTokenType Token, int Start, int Length, bool Escaped);

/// <summary>Several paths found in one pass over a document. Immutable once built; extraction allocates nothing.</summary>
public sealed class JsonPathSet
{
    private readonly Node _root = new();
    private readonly Dictionary<string, int> _slots = [];

    public int Count => _slots.Count;

    /// <returns>The slot the path's value will be in.</returns>
    public int Add(JsonPath path)
    {
        if (_slots.TryGetValue(path.Text, out int slot))
        {
            return slot;
        }

        Node node = _root;
        foreach (JsonPath.Segment segment in path.Segments)
        {
            node = node.Child(segment);
        }

        slot = _slots.Count;
        node.Slots.Add(slot);
        _slots.Add(path.Text, slot);
        return slot;
    }

    /// <param name="json">
    /// A document without duplicate keys, or empty. Ingest lets nothing else through; bytes that are no JSON all the same have nothing at any
    /// path, because what is in the log must never stop its partition.
    /// </param>
    /// <param name="slots">At least <see cref="Count"/> long; all are set.</param>
    public void Extract(ReadOnlySpan<byte> json, Span<JsonSlot> slots)
    {
        slots.Clear();
        if (json.IsEmpty || Count == 0)
        {
            return;
        }

        try
        {
            Utf8JsonReader reader = new(json);
            reader.Read();
            Walk(ref reader, _root, slots);
        }
        catch (JsonException)
        {
            slots.Clear();
        }
    }

    private static void Walk(ref Utf8JsonReader reader, Node node, Span<JsonSlot> slots)
    {
        foreach (int slot in node.Slots)
        {
            bool quoted = reader.TokenType == JsonTokenType.String;
            slots[slot] = new JsonSlot(reader.TokenType, (int)reader.TokenStartIndex + (quoted ? 1 : 0), reader.ValueSpan.Length, reader.ValueIsEscaped);
        }

        if (reader.TokenType == JsonTokenType.StartObject && node.Names.Count > 0)
        {
            WalkObject(ref reader, node, slots);
        }
        else if (reader.TokenType == JsonTokenType.StartArray && node.Indexes.Count > 0)
        {
            WalkArray(ref reader, node, slots);
        }
        else
        {
            reader.Skip();
        }
    }

    private static void WalkObject(ref Utf8JsonReader reader, Node node, Span<JsonSlot> slots)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            Node? child = null;
            foreach ((byte[] name, Node candidate) in node.Names)
            {
                child = reader.ValueTextEquals(name) ? candidate : child;
            }

            reader.Read();
            Descend(ref reader, child, slots);
        }
    }

    private static void WalkArray(ref Utf8JsonReader reader, Node node, Span<JsonSlot> slots)
    {
        for (int index = 0; reader.Read() && reader.TokenType != JsonTokenType.EndArray; index++)
        {
            Node? child = null;
            foreach ((int wanted, Node candidate) in node.Indexes)
            {
                child = wanted == index ? candidate : child;
            }

            Descend(ref reader, child, slots);
        }
    }

    private static void Descend(ref Utf8JsonReader reader, Node? child, Span<JsonSlot> slots)
    {
        if (child is null)
        {
            reader.Skip();
        }
        else
        {
            Walk(ref reader, child, slots);
        }
    }

    private sealed class Node
    {
        public List<int> Slots { get; } = [];

        public List<(byte[] Name, Node Child)> Names { get; } = [];

        public List<(int Index, Node Child)> Indexes { get; } = [];

        public Node Child(JsonPath.Segment segment) => segment.Name is { } name ? Named(Encoding.UTF8.GetBytes(name)) : Indexed(segment.Index);

        private Node Named(byte[] name)
        {
            int known = Names.FindIndex(entry => entry.Name.AsSpan().SequenceEqual(name));
            if (known < 0)
            {
                Names.Add((name, new Node()));
                known = Names.Count - 1;
            }

            return Names[known].Child;
        }

        private Node Indexed(int index)
        {
            int known = Indexes.FindIndex(entry => entry.Index == index);
            if (known < 0)
            {
                Indexes.Add((index, new Node()));
                known = Indexes.Count - 1;
            }

            return Indexes[known].Child;
        }
    }
}
