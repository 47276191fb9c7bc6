using System.Buffers.Binary;
using System.Globalization;
using System.Text.Json;
using Metering.Contracts;
using Metering.EventLog;
using Metering.Ingest.Validation;

namespace Metering.Ingest.Parsing;

/// <summary>
/// A void <c>{source, id, reason, key?}</c> or an amendment <c>{source, id, reason, event, key?}</c> becomes a record of its target's
/// partition. Without a key the content is the key, so that a retry is the same correction.
/// </summary>
internal sealed class CorrectionEncoder(EventRules rules, EventParser events) : IElementEncoder
{
    private const int DerivedKeyLength = 32;

    private static readonly Problem s_notAnObject = new(Codes.InvalidField, "the correction must be a JSON object");
    private static readonly Problem s_malformed = new(Codes.MalformedJson, "the correction is not well-formed JSON");
    private static readonly Problem s_event = new(Codes.InvalidField, "event must be a JSON object");
    private static readonly Problem s_noEvent = new(Codes.MissingField, "event is missing: it is the new version of the amended event");

    private readonly TextScratch _scratch = new();
    private readonly JsonReaderOptions _json = new() { MaxDepth = rules.MaxDepth };

    /// <summary>Void or Amend.</summary>
    public RecordKind Kind { get; set; }

    public Problem Encode(ReadOnlySpan<byte> text, in BatchContext context, bool exact, AppendBatch records, out int length)
    {
        length = 0;
        ReadOnlySpan<byte> window = text.Length > rules.MaxEventBytes ? text[..rules.MaxEventBytes] : text;
        UsageRecord record = new() { Kind = Kind, Tenant = context.Tenant };
        try
        {
            Problem problem = Read(window, context, ref record, out length);
            if (problem.IsNone && exact && length != text.Length)
            {
                problem = BodyProblems.TrailingText;
            }

            if (problem.IsNone)
            {
                Write(record, context, records);
            }

            return problem;
        }
        catch (JsonException)
        {
            return s_malformed;
        }
    }

    private static void Write(in UsageRecord record, in BatchContext context, AppendBatch records)
    {
        UsageRecordCodec.Write(record, records);
        records.EndRecord(EventIdentity.Of(record.Tenant, record.Source, record.Id).Partition(context.Partitions));
    }

    private Problem Read(ReadOnlySpan<byte> text, in BatchContext context, ref UsageRecord record, out int length)
    {
        _scratch.Reset();
        Utf8JsonReader reader = new(text, _json);
        ReadOnlySpan<byte> newVersion = default;
        length = 0;
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            return s_notAnObject;
        }

        CorrectionField seen = CorrectionField.None;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            Problem problem = ReadMember(text, ref reader, ref record, ref newVersion, ref seen);
            if (!problem.IsNone)
            {
                return problem;
            }
        }

        length = (int)reader.BytesConsumed;
        Problem target = CheckTarget(record, seen);
        return target.IsNone && Kind == RecordKind.Amend ? ReadNewVersion(newVersion, context, ref record) : target;
    }

    private Problem ReadMember(
        ReadOnlySpan<byte> text, ref Utf8JsonReader reader, ref UsageRecord record, ref ReadOnlySpan<byte> newVersion, ref CorrectionField seen)
    {
        CorrectionField field = FieldOf(ref reader);
        if (field == CorrectionField.None || (field == CorrectionField.Event && Kind == RecordKind.Void))
        {
            string shown = System.Text.Encoding.UTF8.GetString(reader.ValueSpan[..Math.Min(reader.ValueSpan.Length, 64)]);
            return new Problem(Codes.InvalidField, $"{shown} is not a field of {(Kind == RecordKind.Void ? "a void" : "an amendment")}");
        }

        if ((seen & field) != 0)
        {
            return new Problem(Codes.DuplicateKey, $"{field.ToString().ToLower(CultureInfo.InvariantCulture)} appears twice");
        }

        seen |= field;
        reader.Read();
        return field switch
        {
            CorrectionField.Id => ReadText(ref reader, rules.Id, ref record.Id),
            CorrectionField.Source => ReadText(ref reader, rules.Source, ref record.Source),
            CorrectionField.Reason => ReadText(ref reader, rules.Reason, ref record.Reason),
            CorrectionField.Key when reader.TokenType == JsonTokenType.Null => Problem.None,
            CorrectionField.Key => ReadText(ref reader, rules.Key, ref record.Key),
            _ => ReadEvent(text, ref reader, ref newVersion),
        };
    }

    private static CorrectionField FieldOf(ref Utf8JsonReader reader)
    {
        if (reader.ValueIsEscaped)
        {
            return CorrectionField.None;
        }

        ReadOnlySpan<byte> name = reader.ValueSpan;
        return name.SequenceEqual("source"u8) ? CorrectionField.Source
            : name.SequenceEqual("id"u8) ? CorrectionField.Id
            : name.SequenceEqual("reason"u8) ? CorrectionField.Reason
            : name.SequenceEqual("key"u8) ? CorrectionField.Key
            : name.SequenceEqual("event"u8) ? CorrectionField.Event
            : CorrectionField.None;
    }

    private Problem ReadText(ref Utf8JsonReader reader, TextRule rule, ref ReadOnlySpan<byte> value)
    {
        if (reader.TokenType != JsonTokenType.String)
        {
            return rule.WrongType;
        }

        if (reader.ValueIsEscaped && PayloadHasher.HasLoneSurrogate(reader.ValueSpan))
        {
            return rule.LoneSurrogate;
        }

        value = reader.ValueIsEscaped ? _scratch.Unescape(ref reader) : reader.ValueSpan;
        return rule.Check(value);
    }

    private static Problem ReadEvent(ReadOnlySpan<byte> text, ref Utf8JsonReader reader, ref ReadOnlySpan<byte> newVersion)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            return s_event;
        }

        int start = (int)reader.TokenStartIndex;
        reader.Skip();
        newVersion = text[start..(int)reader.BytesConsumed];
        return Problem.None;
    }

    private Problem CheckTarget(in UsageRecord record, CorrectionField seen)
    {
        if (record.Source.IsEmpty)
        {
            return rules.Source.Missing;
        }

        if (record.Id.IsEmpty)
        {
            return rules.Id.Missing;
        }

        if (record.Reason.IsEmpty)
        {
            return rules.Reason.Missing;
        }

        return Kind == RecordKind.Amend && (seen & CorrectionField.Event) == 0 ? s_noEvent : Problem.None;
    }

    private Problem ReadNewVersion(ReadOnlySpan<byte> text, in BatchContext context, ref UsageRecord record)
    {
        Problem problem = events.Parse(text, EventForm.Amendment, context.NowTicks, ref record, out _);
        if (problem.IsNone && record.Key.IsEmpty)
        {
            record.Key = DeriveKey(record);
        }

        return problem;
    }

    /// <summary>32 hexadecimal digits: what the new version counts for, and when.</summary>
    private Span<byte> DeriveKey(scoped in UsageRecord record)
    {
        Span<byte> content = stackalloc byte[2 * sizeof(ulong)];
        BinaryPrimitives.WriteUInt64BigEndian(content, record.PayloadHash);
        BinaryPrimitives.WriteInt64BigEndian(content[sizeof(ulong)..], record.TimeTicks);
        Span<byte> hex = stackalloc byte[DerivedKeyLength];
        Convert.TryToHexStringLower(content, hex, out _);
        return _scratch.Copy(hex);
    }

    [Flags]
    private enum CorrectionField
    {
        None = 0,
        Source = 1,
        Id = 2,
        Reason = 4,
        Key = 8,
        Event = 16,
    }
}
