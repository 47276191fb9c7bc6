using Metering.Contracts;

namespace Metering.Ingest.Validation;

/// <summary>What an acceptable event is, from the options: the same rules for JSON and gRPC. Shared and immutable.</summary>
internal sealed class EventRules(IngestOptions options)
{
    private static readonly Problem s_tooEarly = new(Codes.TimeTooEarly, "time is before 2000-01-01T00:00:00Z");
    private static readonly Problem s_inFuture = new(Codes.TimeInFuture, "time is more than 5 minutes ahead of the server's clock");

    public TextRule Id { get; } = new("id", options.MaxIdBytes);

    public TextRule Source { get; } = new("source", options.MaxSourceBytes);

    public TextRule Type { get; } = new("type", options.MaxTypeBytes);

    public TextRule Subject { get; } = new("subject", options.MaxSubjectBytes);

    public TextRule Reason { get; } = new("reason", options.MaxReasonBytes);

    public TextRule Key { get; } = new("key", options.MaxIdBytes);

    public int MaxEventBytes { get; } = options.MaxEventBytes;

    public int MaxDepth { get; } = options.MaxDepth;

    public int MaxAttributes { get; } = options.MaxAttributes;

    public int MaxBatchEvents { get; } = options.MaxBatchEvents;

    public Problem TooLarge { get; } = new(Codes.EventTooLarge, $"the event is larger than {options.MaxEventBytes} bytes");

    public Problem TooDeep { get; } = new(Codes.TooDeep, $"the event is nested deeper than {options.MaxDepth} levels");

    public Problem TooManyAttributes { get; } = new(Codes.InvalidField, $"the event has more than {options.MaxAttributes} extension attributes");

    public Problem TooManyEvents { get; } = new(Codes.BatchTooLarge, $"the batch has more than {options.MaxBatchEvents} events");

    /// <summary>The known texts of a record; the time; in the order in which the fields are documented.</summary>
    public Problem Check(in UsageRecord record, long nowTicks)
    {
        Problem problem = Id.Check(record.Id);
        problem = problem.IsNone ? Source.Check(record.Source) : problem;
        problem = problem.IsNone ? Type.Check(record.Type) : problem;
        problem = problem.IsNone ? Subject.Check(record.Subject) : problem;
        return problem.IsNone ? CheckTime(record.TimeTicks, nowTicks) : problem;
    }

    private static Problem CheckTime(long ticks, long nowTicks)
    {
        if (ticks < EventTime.Earliest.Ticks)
        {
            return s_tooEarly;
        }

        return ticks > nowTicks + EventTime.FutureTolerance.Ticks ? s_inFuture : Problem.None;
    }
}
