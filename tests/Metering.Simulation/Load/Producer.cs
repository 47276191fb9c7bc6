using System.Globalization;
using System.Text;
using Metering.Contracts;
using Metering.Simulation.Running;

namespace Metering.Simulation.Load;

/// <summary>
/// A product service: sends events, copies of them (some with another time), conflicts, voids and amendments, and sends a request again until it
/// is acknowledged or it has had enough.
/// </summary>
internal sealed class Producer(World world, Swarm swarm, IngestService ingest)
{
    private readonly List<Sent> _sent = [];
    private int _next;

    /// <summary>Identities that were acknowledged: they must be there.</summary>
    public HashSet<(RecordKind, string)> Acknowledged { get; } = [];

    public int Open { get; private set; }

    public void Start()
    {
        for (int left = swarm.Events; left > 0;)
        {
            int count = Math.Min(left, world.Random.Next(1, 12));
            left -= count;
            Open++;
            world.After(world.Random.NextDouble() * swarm.FaultTime, null, () => _ = SendAsync(count));
        }
    }

    private async Task SendAsync(int count)
    {
        RecordKind kind = _sent.Count > 0 && world.Chance(swarm.Corrections) ? (world.Chance(0.5) ? RecordKind.Void : RecordKind.Amend) : RecordKind.Use;
        Sent[] batch = [.. Enumerable.Range(0, kind == RecordKind.Use ? count : Math.Min(count, 3)).Select(_ => Next(kind))];
        byte[] body = Encoding.UTF8.GetBytes($"[{string.Join(',', batch.Select(sent => sent.Json))}]");
        int patience = world.Random.Next(1, 30);
        for (int attempt = 0; attempt < patience; attempt++)
        {
            if (await ingest.SendAsync(kind, body))
            {
                Acknowledged.UnionWith(batch.Select(sent => (sent.Kind, sent.Id)));
                break;
            }

            TaskCompletionSource pause = new();
            world.After(world.Between(0.1, 5), null, pause.SetResult);
            await pause.Task;
        }

        Open--;
    }

    private Sent Next(RecordKind kind)
    {
        if (kind != RecordKind.Use)
        {
            return Correction(kind);
        }

        if (_sent.Count > 0 && world.Chance(swarm.Copies))
        {
            Sent copy = _sent[world.Random.Next(_sent.Count)];
            return world.Random.Next(6) switch
            {
                0 => copy with { Time = Time() },
                1 => copy with { Subject = "somebody-else" },
                _ => copy,
            };
        }

        Sent sent = new(RecordKind.Use, $"e{_next++}", $"customer-{world.Random.Next(3)}", $"model-{world.Random.Next(3)}", world.Random.Next(-500, 10_000), Time());
        _sent.Add(sent);
        return sent;
    }

    /// <summary>Of an event that was sent, or of one that will be.</summary>
    private Sent Correction(RecordKind kind)
    {
        Sent target = _sent[world.Random.Next(_sent.Count)];
        Sent correction = target with { Kind = kind, Cents = world.Random.Next(0, 10_000) };
        return world.Chance(0.2) ? correction with { Id = $"e{_next + world.Random.Next(5)}", Time = Time() } : correction;
    }

    /// <summary>Mostly now, sometimes late, now and then very late.</summary>
    private DateTimeOffset Time() => world.Now - (world.Random.NextDouble() * TimeSpan.FromSeconds(world.Random.Next(4) == 0 ? 400 : 20));

    /// <param name="Cents">The value, in hundredths.</param>
    private sealed record Sent(RecordKind Kind, string Id, string Subject, string Model, int Cents, DateTimeOffset Time)
    {
        public string Json => Kind switch
        {
            RecordKind.Use => Event,
            RecordKind.Void => $$"""{"source":"api","id":"{{Id}}","reason":"test"}""",
            _ => $$$"""{"source":"api","id":"{{{Id}}}","reason":"test","event":{{{Event}}}}""",
        };

        private string Event => string.Create(
            CultureInfo.InvariantCulture,
            $$$"""{"id":"{{{Id}}}","source":"api","type":"llm","subject":"{{{Subject}}}","time":"{{{Time:O}}}","data":{"value":{{{Cents / 100m}}},"model":"{{{Model}}}"}}""");
    }
}
