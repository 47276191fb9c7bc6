using System.Text.Json;
using Metering.Contracts;
using Metering.Ingest.Validation;

namespace Metering.Ingest.Parsing;

/// <summary>
/// Reads one event's JSON text into a <see cref="UsageRecord"/> whose spans are in the text or in this parser's scratch memory, so they end
/// with the next event. Stops at the first problem: what stands after it is found by <see cref="ElementInspector"/>, because refusals are
/// rare and must not slow the others. The text must be valid UTF-8. One instance per thread at a time; nothing is allocated once warm.
/// </summary>
internal sealed class EventParser(EventRules rules)
{
    private static readonly Problem s_notAnObject = new(Codes.InvalidField, "the event must be a JSON object");
    private static readonly Problem s_malformed = new(Codes.MalformedJson, "the event is not well-formed JSON");
    private static readonly Problem s_dataNotAnObject = new(Codes.InvalidField, "data must be a JSON object or null");
    private static readonly Problem s_dataDuplicate = new(Codes.DuplicateKey, "data has an object with the same key twice");
    private static readonly Problem s_dataSurrogate = new(Codes.LoneSurrogate, "data has half of a surrogate pair");
    private static readonly Problem s_attributeDuplicate = new(Codes.DuplicateKey, "an attribute has an object with the same key twice");
    private static readonly Problem s_attributeSurrogate = new(Codes.LoneSurrogate, "an attribute has half of a surrogate pair");
    private static readonly Problem s_nameSurrogate = new(Codes.LoneSurrogate, "a name has half of a surrogate pair");
    private static readonly Problem s_binary = new(Codes.UnsupportedContent, "data_base64 is not supported: data must be a JSON object");
    private static readonly Problem s_contentType = new(Codes.UnsupportedContent, "datacontenttype must be \"application/json\" or absent");
    private static readonly Problem s_specVersion = new(Codes.InvalidField, "specversion must be \"1.0\"");
    private static readonly Problem s_noSpecVersion = new(Codes.MissingField, "specversion is missing");
    private static readonly Problem s_time = new(Codes.InvalidField, "time must be an RFC 3339 date and time");
    private static readonly Problem s_noTime = new(Codes.MissingField, "time is missing: an amendment must say when the event happened");
    private static readonly Problem s_otherIdentity = new(Codes.InvalidField, "id and source of an amended event must be those of its target");

    private readonly PayloadHasher _hasher = new();
    private readonly TextScratch _scratch = new();
    private readonly AttributeCollector _attributes = new(rules);
    private readonly JsonReaderOptions _json = new() { MaxDepth = rules.MaxDepth };

    /// <param name="text">Starts with the event; what follows it is not looked at.</param>
    /// <param name="form">What the event must have.</param>
    /// <param name="nowTicks">The time of an event without one, and the measure of "in the future".</param>
    /// <param name="record">Filled. For <see cref="EventForm.Amendment"/> it comes with the target's source and id.</param>
    /// <param name="length">How much of the text the event is, when there is no problem.</param>
    public Problem Parse(ReadOnlySpan<byte> text, EventForm form, long nowTicks, ref UsageRecord record, out int length)
    {
        // No more than an event may have: a huge one ends early here, and the inspector says so.
        ReadOnlySpan<byte> window = text.Length > rules.MaxEventBytes ? text[..rules.MaxEventBytes] : text;
        EventCursor cursor = new() { Text = window, Reader = new Utf8JsonReader(window, _json), Record = record, DataHash = PayloadHasher.NoData };
        length = 0;
        try
        {
            Problem problem = ReadMembers(ref cursor, form);
            problem = problem.IsNone ? Finish(ref cursor, form, nowTicks) : problem;
            length = (int)cursor.Reader.BytesConsumed;
            record = cursor.Record;
            return problem;
        }
        catch (JsonException)
        {
            return s_malformed;
        }
    }

    /// <summary>Hashes and checks a text that should be the JSON object <c>data</c> and nothing else.</summary>
    public Problem ParseData(ReadOnlySpan<byte> text, out ulong hash)
    {
        hash = PayloadHasher.NoData;
        Utf8JsonReader reader = new(text, _json);
        try
        {
            reader.Read();
            if (reader.TokenType != JsonTokenType.StartObject)
            {
                return s_dataNotAnObject;
            }

            Problem problem = Of(_hasher.TryHash(ref reader, out hash), s_dataDuplicate, s_dataSurrogate);

            // Reads to the end, which throws when something follows the object.
            return problem.IsNone && reader.Read() ? s_malformed : problem;
        }
        catch (JsonException)
        {
            return ElementInspector.IsTooDeep(text, rules.MaxDepth) ? rules.TooDeep : new Problem(Codes.MalformedJson, "data is not well-formed JSON");
        }
    }

    private Problem ReadMembers(scoped ref EventCursor cursor, EventForm form)
    {
        _scratch.Reset();
        _attributes.Reset();
        cursor.Reader.Read();
        if (cursor.Reader.TokenType != JsonTokenType.StartObject)
        {
            return s_notAnObject;
        }

        while (cursor.Reader.Read() && cursor.Reader.TokenType == JsonTokenType.PropertyName)
        {
            Problem problem = ReadMember(ref cursor, form);
            if (!problem.IsNone)
            {
                return problem;
            }
        }

        return Problem.None;
    }

    private Problem ReadMember(scoped ref EventCursor cursor, EventForm form)
    {
        if (!TryReadText(ref cursor.Reader, out ReadOnlySpan<byte> name))
        {
            return s_nameSurrogate;
        }

        EventField field = EventFields.Of(name);
        if (field == EventField.Extension)
        {
            return ReadAttribute(ref cursor, name);
        }

        if ((cursor.Seen & field) != 0)
        {
            return RepeatedField(name);
        }

        cursor.Seen |= field;
        cursor.Reader.Read();
        return ReadField(ref cursor, field, form);
    }

    private Problem ReadField(scoped ref EventCursor cursor, EventField field, EventForm form) => field switch
    {
        EventField.Id => ReadIdentity(ref cursor, rules.Id, form, ref cursor.Record.Id),
        EventField.Source => ReadIdentity(ref cursor, rules.Source, form, ref cursor.Record.Source),
        EventField.Type => ReadText(ref cursor, rules.Type, out cursor.Record.Type),
        EventField.Subject => ReadText(ref cursor, rules.Subject, out cursor.Record.Subject),
        EventField.Time => ReadTime(ref cursor),
        EventField.Data => ReadData(ref cursor),
        EventField.SpecVersion => IsText(ref cursor.Reader, "1.0"u8) ? Problem.None : s_specVersion,
        EventField.DataContentType => ReadContentType(ref cursor),
        _ => cursor.Reader.TokenType == JsonTokenType.Null ? Problem.None : s_binary,
    };

    private Problem ReadIdentity(scoped ref EventCursor cursor, TextRule rule, EventForm form, ref ReadOnlySpan<byte> target)
    {
        Problem problem = ReadText(ref cursor, rule, out ReadOnlySpan<byte> value);
        if (problem.IsNone && form == EventForm.Amendment)
        {
            return value.SequenceEqual(target) ? Problem.None : s_otherIdentity;
        }

        target = value;
        return problem;
    }

    private Problem ReadText(scoped ref EventCursor cursor, TextRule rule, out ReadOnlySpan<byte> value)
    {
        value = default;
        if (cursor.Reader.TokenType != JsonTokenType.String)
        {
            return rule.WrongType;
        }

        return TryReadText(ref cursor.Reader, out value) ? Problem.None : rule.LoneSurrogate;
    }

    private bool TryReadText(scoped ref Utf8JsonReader reader, out ReadOnlySpan<byte> value)
    {
        value = reader.ValueSpan;
        if (!reader.ValueIsEscaped)
        {
            return true;
        }

        if (PayloadHasher.HasLoneSurrogate(value))
        {
            return false;
        }

        value = _scratch.Unescape(ref reader);
        return true;
    }

    private bool IsText(scoped ref Utf8JsonReader reader, ReadOnlySpan<byte> expected) =>
        reader.TokenType == JsonTokenType.String && TryReadText(ref reader, out ReadOnlySpan<byte> value) && value.SequenceEqual(expected);

    private Problem ReadTime(scoped ref EventCursor cursor)
    {
        if (cursor.Reader.TokenType == JsonTokenType.Null)
        {
            cursor.Seen &= ~EventField.Time;
            return Problem.None;
        }

        bool valid = cursor.Reader.TokenType == JsonTokenType.String && TryReadText(ref cursor.Reader, out ReadOnlySpan<byte> text)
            && EventTime.TryParse(text, out cursor.Record.TimeTicks);
        return valid ? Problem.None : s_time;
    }

    private Problem ReadData(scoped ref EventCursor cursor)
    {
        if (cursor.Reader.TokenType == JsonTokenType.Null)
        {
            return Problem.None;
        }

        if (cursor.Reader.TokenType != JsonTokenType.StartObject)
        {
            return s_dataNotAnObject;
        }

        int start = (int)cursor.Reader.TokenStartIndex;
        PayloadProblem problem = _hasher.TryHash(ref cursor.Reader, out cursor.DataHash);
        cursor.Record.Data = cursor.Text[start..(int)cursor.Reader.BytesConsumed];
        return Of(problem, s_dataDuplicate, s_dataSurrogate);
    }

    private Problem ReadContentType(scoped ref EventCursor cursor)
    {
        if (cursor.Reader.TokenType == JsonTokenType.Null)
        {
            return Problem.None;
        }

        return IsText(ref cursor.Reader, "application/json"u8) ? Problem.None : s_contentType;
    }

    private Problem ReadAttribute(scoped ref EventCursor cursor, ReadOnlySpan<byte> name)
    {
        int start = (int)cursor.Reader.TokenStartIndex;
        Problem problem = _attributes.AddName(name);
        if (!problem.IsNone)
        {
            return problem;
        }

        cursor.Reader.Read();
        bool absent = cursor.Reader.TokenType == JsonTokenType.Null;
        problem = Of(_hasher.TryHash(ref cursor.Reader, out _), s_attributeDuplicate, s_attributeSurrogate);
        if (problem.IsNone && !absent)
        {
            _attributes.AddMember(cursor.Text[start..(int)cursor.Reader.BytesConsumed]);
        }

        return problem;
    }

    private Problem Finish(scoped ref EventCursor cursor, EventForm form, long nowTicks)
    {
        Problem problem = CheckPresence(cursor.Seen, form);
        if (!problem.IsNone)
        {
            return problem;
        }

        ref UsageRecord record = ref cursor.Record;
        record.TimeTicks = (cursor.Seen & EventField.Time) != 0 ? record.TimeTicks : nowTicks;
        record.Attributes = _attributes.Finish();
        record.PayloadHash = PayloadHasher.Combine(record.Type, record.Subject, cursor.DataHash);
        return rules.Check(record, nowTicks);
    }

    private Problem CheckPresence(EventField seen, EventForm form)
    {
        if (form != EventForm.Amendment && (seen & EventField.Id) == 0)
        {
            return rules.Id.Missing;
        }

        if (form != EventForm.Amendment && (seen & EventField.Source) == 0)
        {
            return rules.Source.Missing;
        }

        if (form == EventForm.OpenMeter && (seen & EventField.SpecVersion) == 0)
        {
            return s_noSpecVersion;
        }

        if ((seen & EventField.Type) == 0)
        {
            return rules.Type.Missing;
        }

        if ((seen & EventField.Subject) == 0)
        {
            return rules.Subject.Missing;
        }

        return form == EventForm.Amendment && (seen & EventField.Time) == 0 ? s_noTime : Problem.None;
    }

    private static Problem RepeatedField(ReadOnlySpan<byte> name) =>
        new(Codes.DuplicateKey, $"{System.Text.Encoding.UTF8.GetString(name)} appears twice");

    private static Problem Of(PayloadProblem problem, in Problem duplicate, in Problem surrogate) => problem switch
    {
        PayloadProblem.None => Problem.None,
        PayloadProblem.DuplicateKey => duplicate,
        PayloadProblem.LoneSurrogate => surrogate,
    };
}
