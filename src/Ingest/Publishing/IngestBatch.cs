using System.Text;
using Metering.Contracts;
using Metering.EventLog;
using Metering.Ingest.Grpc;
using Metering.Ingest.Parsing;
using Metering.Ingest.Validation;

namespace Metering.Ingest.Publishing;

/// <summary>
/// One request on its way into the log: the records of what was accepted, then those of what was refused. Holds all the memory that parsing
/// needs, so that a pooled one parses without allocating. One thread at a time.
/// </summary>
internal sealed class IngestBatch : IDisposable
{
    // Enough of a refused event to send copies of it to one partition, cheap to hash.
    private const int PrefixBytes = 256;

    private readonly BodyParser _parser;
    private readonly EventEncoder _events;
    private readonly CorrectionEncoder _corrections;
    private readonly int _maxRejectedBytes;

    public IngestBatch(EventRules rules)
    {
        EventParser parser = new(rules);
        _parser = new BodyParser(rules);
        _events = new EventEncoder(parser);
        _corrections = new CorrectionEncoder(rules, parser);
        _maxRejectedBytes = rules.MaxEventBytes;
        Messages = new UsageEventEncoder(rules, parser);
    }

    public AppendBatch Records { get; } = new();

    public List<Rejection> Rejections { get; } = [];

    /// <summary>For events that come as Protobuf messages.</summary>
    public UsageEventEncoder Messages { get; }

    /// <summary>Accepted elements: the first records.</summary>
    public int Accepted { get; private set; }

    /// <summary>Parses usage events.</summary>
    /// <returns>A problem of the whole body: nothing of it may be used then.</returns>
    public Problem ParseEvents(ReadOnlySpan<byte> body, BodyShape shape, in BatchContext context) => Parse(body, shape, _events, context);

    /// <summary>Parses voids or amendments.</summary>
    /// <inheritdoc cref="ParseEvents"/>
    public Problem ParseCorrections(ReadOnlySpan<byte> body, RecordKind kind, in BatchContext context)
    {
        _corrections.Kind = kind;
        return Parse(body, BodyShape.Either, _corrections, context);
    }

    /// <summary>Everything that is in <see cref="Records"/> was accepted.</summary>
    public void EndAccepted() => Accepted = Records.Count;

    /// <summary>All or nothing: forgets what was accepted.</summary>
    public void DropAccepted()
    {
        Records.Reset();
        Accepted = 0;
    }

    /// <summary>Adds a record for each refused element, with its bytes.</summary>
    public void AddRejections(ReadOnlySpan<byte> body, in BatchContext context)
    {
        foreach (Rejection rejection in Rejections)
        {
            AddRejection(rejection.Problem, body.Slice(rejection.Start, Math.Min(rejection.Length, _maxRejectedBytes)), context);
        }
    }

    public void AddRejection(in Problem problem, ReadOnlySpan<byte> raw, in BatchContext context)
    {
        byte[] code = Encoding.UTF8.GetBytes(problem.Code);
        UsageRecord record = new()
        {
            Kind = RecordKind.Rejected,
            Tenant = context.Tenant,
            TimeTicks = context.NowTicks,
            Data = raw,
            Reason = Encoding.UTF8.GetBytes(problem.Message),
            Code = code,
        };
        UsageRecordCodec.Write(record, Records);
        Records.EndRecord(EventIdentity.Of(context.Tenant, code, raw[..Math.Min(raw.Length, PrefixBytes)]).Partition(context.Partitions));
    }

    /// <summary>Durable records among the accepted ones.</summary>
    public int CountStored()
    {
        int stored = 0;
        for (int i = 0; i < Accepted; i++)
        {
            stored += Records.Result(i).IsDurable ? 1 : 0;
        }

        return stored;
    }

    /// <summary>Why the first record that was not stored was not.</summary>
    public string? FirstFailure()
    {
        for (int i = 0; i < Records.Count; i++)
        {
            if (!Records.Result(i).IsDurable)
            {
                return Records.Result(i).Failure ?? "no result";
            }
        }

        return null;
    }

    public void Reset()
    {
        Records.Reset();
        Rejections.Clear();
        Accepted = 0;
    }

    public void Dispose() => Records.Dispose();

    private Problem Parse(ReadOnlySpan<byte> body, BodyShape shape, IElementEncoder encoder, in BatchContext context)
    {
        Problem problem = _parser.Parse(body, shape, encoder, context, Records, Rejections);
        if (problem.IsNone && _parser.Count == 0)
        {
            problem = BodyProblems.EmptyBatch;
        }

        EndAccepted();
        return problem;
    }
}
