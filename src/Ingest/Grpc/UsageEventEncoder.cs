using System.Text;
using System.Text.Json;
using Google.Protobuf.WellKnownTypes;
using Metering.Contracts;
using Metering.EventLog;
using Metering.Ingest.Parsing;
using Metering.Ingest.Validation;
using Metering.V1;

namespace Metering.Ingest.Grpc;

/// <summary>An event that came as a Protobuf message becomes a record, under the rules of the JSON one. One thread at a time.</summary>
internal sealed class UsageEventEncoder(EventRules rules, EventParser parser)
{
    private static readonly Problem s_time = new(Codes.InvalidField, "time is not a valid google.protobuf.Timestamp");
    private static readonly Problem s_attribute = new(Codes.InvalidField, "attributes must not have an empty name or the name of a field of its own");
    private static readonly Problem s_utf8 = new(Codes.InvalidUtf8, "data_json is not valid UTF-8");

    private readonly TextScratch _texts = new();

    public Problem Encode(UsageEvent message, in BatchContext context, AppendBatch records)
    {
        if (message.CalculateSize() > rules.MaxEventBytes)
        {
            return rules.TooLarge;
        }

        UsageRecord record = new() { Kind = RecordKind.Use, Tenant = context.Tenant };
        Problem problem = Read(message, context.NowTicks, ref record);
        if (problem.IsNone)
        {
            UsageRecordCodec.Write(record, records);
            records.EndRecord(EventIdentity.Of(record.Tenant, record.Source, record.Id).Partition(context.Partitions));
        }

        return problem;
    }

    private Problem Read(UsageEvent message, long nowTicks, ref UsageRecord record)
    {
        _texts.Reset();
        Problem problem = CheckPresence(message);
        if (!problem.IsNone)
        {
            return problem;
        }

        record.Id = Utf8Of(message.Id);
        record.Source = Utf8Of(message.Source);
        record.Type = Utf8Of(message.Type);
        record.Subject = Utf8Of(message.Subject);
        record.Data = message.DataJson.Span;
        if (!TryReadTime(message.Time, nowTicks, out record.TimeTicks))
        {
            return s_time;
        }

        problem = ReadData(ref record);
        problem = problem.IsNone ? ReadAttributes(message, ref record) : problem;
        return problem.IsNone ? rules.Check(record, nowTicks) : problem;
    }

    /// <summary>Protobuf does not tell an empty text from an absent one. Its library refuses bad UTF-8 before we see the message.</summary>
    private Problem CheckPresence(UsageEvent message) =>
        message.Id.Length == 0 ? rules.Id.Missing
        : message.Source.Length == 0 ? rules.Source.Missing
        : message.Type.Length == 0 ? rules.Type.Missing
        : message.Subject.Length == 0 ? rules.Subject.Missing
        : Problem.None;

    private Problem ReadData(ref UsageRecord record)
    {
        ulong hash = PayloadHasher.NoData;
        if (!System.Text.Unicode.Utf8.IsValid(record.Data))
        {
            return s_utf8;
        }

        Problem problem = record.Data.IsEmpty ? Problem.None : parser.ParseData(record.Data, out hash);
        record.PayloadHash = PayloadHasher.Combine(record.Type, record.Subject, hash);
        return problem;
    }

    private Problem ReadAttributes(UsageEvent message, ref UsageRecord record)
    {
        if (message.Attributes.Count == 0)
        {
            return Problem.None;
        }

        if (message.Attributes.Count > rules.MaxAttributes)
        {
            return rules.TooManyAttributes;
        }

        foreach (string name in message.Attributes.Keys)
        {
            if (name.Length == 0 || EventFields.Of(Encoding.UTF8.GetBytes(name)) != EventField.Extension)
            {
                return s_attribute;
            }
        }

        // Sorted, so that a retry is the same bytes: a Protobuf map has no order.
        record.Attributes = JsonSerializer.SerializeToUtf8Bytes(
            new SortedDictionary<string, string>(message.Attributes, StringComparer.Ordinal), GrpcJson.Default.SortedDictionaryStringString);
        return Problem.None;
    }

    private Span<byte> Utf8Of(string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        return _texts.Copy(bytes);
    }

    /// <summary>Nanoseconds are cut, not rounded, as in JSON: no instant moves into the next minute.</summary>
    private static bool TryReadTime(Timestamp? time, long nowTicks, out long ticks)
    {
        ticks = nowTicks;
        if (time is null)
        {
            return true;
        }

        // The range of the type: 0001-01-01 to 9999-12-31.
        if (time.Seconds is < -62_135_596_800 or > 253_402_300_799 || time.Nanos is < 0 or > 999_999_999)
        {
            return false;
        }

        ticks = DateTimeOffset.UnixEpoch.Ticks + (time.Seconds * TimeSpan.TicksPerSecond) + (time.Nanos / 100);
        return true;
    }
}
