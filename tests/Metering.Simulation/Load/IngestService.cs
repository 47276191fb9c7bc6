using Metering.Contracts;
using Metering.Ingest;
using Metering.Ingest.Parsing;
using Metering.Ingest.Publishing;
using Metering.Ingest.Telemetry;
using Metering.Ingest.Validation;
using Metering.Simulation.Log;
using Metering.Simulation.Running;
using Microsoft.Extensions.Options;

namespace Metering.Simulation.Load;

/// <summary>The ingest role: the production parser and publisher, in a process that dies and comes back. Requests and answers may be lost.</summary>
internal sealed class IngestService(World world, SimulatedLog log, LogFaults faults)
{
    private static readonly IngestOptions s_options = new();
    private static readonly EventRules s_rules = new(s_options);
    private static readonly IngestMetrics s_metrics = new(Instruments.Instance, new InFlightBytes(1));
    private static readonly byte[] s_tenant = "default"u8.ToArray();

    private Life _life = Life.Begin(world, log, faults);

    public Node Node => _life.Node;

    public void Restart() => _life = Life.Begin(world, log, faults);

    /// <returns>Whether the events were acknowledged; not, when the answer is no, lost, or does not come.</returns>
    public Task<bool> SendAsync(RecordKind kind, byte[] body)
    {
        TaskCompletionSource<bool> answer = new();
        Life life = _life;
        bool answerLost = world.Chance(faults.Refusal);
        world.After(world.Between(0.001, 0.01), life.Node, () => _ = life.TakeAsync(kind, body, stored =>
        {
            if (!answerLost)
            {
                world.After(world.Between(0.001, 0.01), null, () => answer.TrySetResult(stored));
            }
        }));
        world.After(TimeSpan.FromSeconds(10), null, () => answer.TrySetResult(false));
        return answer.Task;
    }

    private sealed class Life(World world, Node node, Publisher publisher)
    {
        public Node Node => node;

        public static Life Begin(World world, SimulatedLog log, LogFaults faults)
        {
            Node node = new(world, "ingest", capturesContext: false);
            Publisher publisher = new(
                new SimulatedTopic(world, node, log, faults), Options.Create(s_options), s_metrics, new NodeTime(world, node), new NodeLogger<Publisher>(world, node, () => false));
            return new Life(world, node, publisher);
        }

        public async Task TakeAsync(RecordKind kind, byte[] body, Action<bool> answer)
        {
            using IngestBatch batch = new(s_rules);
            BatchContext context = new(s_tenant, (world.Now + node.ClockError).UtcTicks, publisher.PartitionCount, kind == RecordKind.Amend ? EventForm.Amendment : EventForm.Native);
            Problem problem = kind == RecordKind.Use ? batch.ParseEvents(body, BodyShape.Either, context) : batch.ParseCorrections(body, kind, context);
            if (!problem.IsNone || batch.Rejections.Count > 0)
            {
                world.Violate($"ingest refused {(problem.IsNone ? batch.Rejections[0].Problem.Message : problem.Message)}");
                return;
            }

            answer(await publisher.PublishAsync(batch) == PublishOutcome.Stored);
        }
    }
}
