using Metering.Aggregator.Engine.Meters;
using Metering.Aggregator.Engine.Tests.Harness;
using Metering.Contracts;
using Xunit;

namespace Metering.Aggregator.Engine.Tests.Flushing;

/// <summary>An event is (tenant, source, id) and nothing else.</summary>
public class IdentityTests
{
    private static readonly TestRecord s_event = new() { Data = """{"v":1,"w":[1,2]}""" };

    public static TheoryData<string, TestRecord> Copies => new()
    {
        { "another time", s_event with { Time = s_event.Time.AddHours(-3) } },
        { "another time in the minute", s_event with { Time = s_event.Time.AddTicks(1) } },
        { "other attributes", s_event with { Attributes = """{"traceparent":"x"}""" } },
        { "other white space and key order", s_event with { Data = """{ "w" : [1, 2], "v" : 1 }""" } },
        { "another form of the number", s_event with { Data = """{"v":10e-1,"w":[1.0,2]}""" } },
    };

    public static TheoryData<string, TestRecord> Conflicts => new()
    {
        { "other data", s_event with { Data = """{"v":2,"w":[1,2]}""" } },
        { "a number as text", s_event with { Data = """{"v":"1","w":[1,2]}""" } },
        { "another array order", s_event with { Data = """{"v":1,"w":[2,1]}""" } },
        { "no data", s_event with { Data = "" } },
        { "another type", s_event with { Type = "llm2" } },
        { "another subject", s_event with { Subject = "c2" } },
    };

    [Theory]
    [MemberData(nameof(Copies))]
    public void A_retry_is_the_same_event(string what, TestRecord copy)
    {
        foreach (bool sameFlush in new[] { true, false })
        {
            using TestPartition partition = new(TestMeters.OneOfEach);
            Send(partition, sameFlush, s_event, copy);
            Assert.True(partition.DeadLetters.Count == 0, what);
            Assert.Single(partition.Raw);
            Assert.Equal(1, partition.Deltas.Where(row => row.Meter == (uint)Aggregation.Count).Sum(row => row.Count));
        }
    }

    [Theory]
    [MemberData(nameof(Conflicts))]
    public void Something_else_under_a_used_identity_is_kept_aside_and_never_counted(string what, TestRecord other)
    {
        foreach (bool sameFlush in new[] { true, false })
        {
            using TestPartition partition = new(TestMeters.OneOfEach);
            Send(partition, sameFlush, s_event, other);
            StoredDeadLetter letter = Assert.Single(partition.DeadLetters);
            Assert.True(letter.Code == "conflict", what);
            Assert.Equal(("acme", "api", "e1"), (letter.Tenant, letter.Source, letter.Id));
            Assert.Single(partition.Raw);
            Assert.Equal(NaiveModel.Values([s_event], TestMeters.OneOfEach), Windows.Values(partition.Deltas, TestMeters.OneOfEach));
        }
    }

    [Fact]
    public void A_copy_that_is_in_conflict_twice_is_kept_twice()
    {
        using TestPartition partition = new([]);
        TestRecord other = s_event with { Subject = "c2" };
        Assert.Equal(new Counts(4, 1, 1, 2, 0), partition.Flush(s_event, other, other, s_event));
        Assert.Equal(2, partition.DeadLetters.Select(letter => letter.Offset).Distinct().Count());
    }

    [Fact]
    public void The_parts_of_an_identity_do_not_run_into_each_other()
    {
        TestRecord[] events =
        [
            s_event with { Source = "a-b", Id = "c" }, s_event with { Source = "a", Id = "b-c" }, s_event with { Source = "a-", Id = "bc" },
            s_event with { Source = "ab", Id = "c" }, s_event with { Source = "a", Id = "bc" }, s_event with { Tenant = "acmea", Source = "b", Id = "c" },
        ];
        using TestPartition partition = new([.. TestMeters.OneOfEach, TestMeters.Of(Aggregation.Count, 100, tenant: "acmea")]);
        Assert.Equal(new Counts(6, 6, 0, 0, 0), partition.Flush(events));
        Assert.Equal(5, partition.Deltas.Where(row => row.Meter == (uint)Aggregation.Count).Sum(row => row.Count));
        Assert.Equal(1, partition.Deltas.Single(row => row.Meter == 100).Count);
    }

    [Fact]
    public void The_same_id_of_two_tenants_is_two_events()
    {
        using TestPartition partition = new([TestMeters.Of(Aggregation.Sum, 1), TestMeters.Of(Aggregation.Sum, 2, tenant: "rival")]);
        Assert.Equal(new Counts(2, 2, 0, 0, 0), partition.Flush(s_event, s_event with { Tenant = "rival", Subject = "other" }));
        Assert.Equal(["1 acme c1", "2 rival other"], partition.Deltas.Select(row => $"{row.Meter} {row.Tenant} {row.Subject}"));
    }

    [Fact]
    public void A_dead_letter_claims_no_identity()
    {
        using TestPartition partition = new(TestMeters.OneOfEach);
        partition.Flush(new TestRecord { Kind = RecordKind.Rejected, Data = "{", Code = "malformed", Reason = "no JSON" });
        Assert.Equal(new Counts(1, 1, 0, 0, 0), partition.Flush(s_event));
        StoredDeadLetter letter = Assert.Single(partition.DeadLetters);
        Assert.Equal(("malformed", "no JSON", "{"), (letter.Code, letter.Message, letter.Raw));
    }

    /// <summary>Ready to be repaired and sent again: everything the event said is in it.</summary>
    [Fact]
    public void The_dead_letter_of_an_event_is_the_event()
    {
        using TestPartition partition = new([]);
        partition.Flush(s_event, s_event with { Data = """{"v":[1.50,"\u00e9"]}""", Attributes = """{"dataschema":"http://x/y","ext":5}""" });
        Assert.Equal(
            """{"specversion":"1.0","id":"e1","source":"api","type":"llm","subject":"c1","time":"2026-03-01T12:00:00.0000000Z","dataschema":"http://x/y","ext":5,"data":{"v":[1.50,"\u00e9"]}}""",
            Assert.Single(partition.DeadLetters).Raw);
    }

    [Fact]
    public void The_raw_row_is_the_record()
    {
        using TestPartition partition = new(TestMeters.OneOfEach);
        TestRecord record = s_event with { Subject = new string('s', 200), Time = s_event.Time.AddTicks(1), Attributes = """{"a":1}""", Data = """{"v":"x"}""" };
        partition.Flush(record);
        StoredRaw row = Assert.Single(partition.Raw);
        Assert.Equal(
            ("acme", "llm", record.Subject, record.Time.Ticks, "api", "e1", record.Data, record.Attributes),
            (row.Tenant, row.Type, row.Subject, row.TimeTicks, row.Source, row.Id, row.Data, row.Attributes));
        Assert.Equal((RecordKind.Use, 1L, record.Identity, default(EventIdentity), 0L, false), (row.Kind, row.Offset, row.Identity, row.Target, row.TargetOffset, row.BornVoid));
        Assert.Equal("invalid event: value is not a number: \"$.v\"", row.Problem);
        Assert.Equal(new DateTimeOffset(partition.Clock).ToUnixTimeMilliseconds(), row.AtMs);
    }

    private static void Send(TestPartition partition, bool sameFlush, TestRecord first, TestRecord second)
    {
        if (sameFlush)
        {
            partition.Flush(first, second);
        }
        else
        {
            partition.Flush(first);
            partition.Flush(second);
        }
    }
}
