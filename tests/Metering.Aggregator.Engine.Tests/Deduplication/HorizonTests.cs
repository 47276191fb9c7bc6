using Metering.Aggregator.Engine.Deduplication;
using Metering.Aggregator.Engine.Flushing;
using Metering.Aggregator.Engine.Meters;
using Metering.Aggregator.Engine.Tests.Harness;
using Metering.Contracts;
using Xunit;

namespace Metering.Aggregator.Engine.Tests.Deduplication;

/// <summary>How long an identity is remembered.</summary>
public class HorizonTests
{
    private static readonly MeterRevision[] s_meters = [TestMeters.Of(Aggregation.Sum, 1)];
    private static readonly DateTime s_first = TestRecord.Noon.AddMinutes(1);

    [Theory]
    [InlineData(0, 1)]
    [InlineData(-1, 1)]
    [InlineData(1, 2)]
    public void The_boundary_is_exact_to_the_millisecond_of_append_time(int milliseconds, int expected)
    {
        foreach (bool losesState in new[] { false, true })
        {
            using TestPartition partition = new(s_meters) { Clock = s_first };
            partition.Flush(TestRecord.Use("e", "1"));
            partition.Clock = s_first + TestPartition.Horizon + TimeSpan.FromMilliseconds(milliseconds);
            if (losesState)
            {
                partition.LoseState();
            }

            partition.Flush(TestRecord.Use("e", "1", partition.Clock));
            Assert.Equal(expected, partition.Deltas.Sum(row => row.Count));
            Assert.Equal(expected, partition.Raw.Count);
        }
    }

    [Fact]
    public void A_retry_with_a_new_time_34_days_later_is_the_same_event()
    {
        using TestPartition partition = new(s_meters) { Clock = s_first };
        partition.Flush(TestRecord.Use("e", "1"));
        partition.Clock = s_first.AddDays(34);
        partition.LoseState();
        Assert.Equal(new Counts(1, 0, 1, 0, 0), partition.Flush(TestRecord.Use("e", "1", partition.Clock)));
    }

    /// <summary>Nothing was forgotten yet: even without a look-up in the raw table the copy is found.</summary>
    [Fact]
    public void History_is_checked_against_all_time_in_memory()
    {
        using TestPartition partition = new(s_meters) { Clock = s_first };
        partition.Flush(TestRecord.Use("e", "1"));
        partition.Clock = s_first.AddDays(400);
        Assert.True(partition.Deduplicator.IsComplete);
        Assert.Equal(new Counts(1, 0, 1, 0, 0), partition.Flush(TestRecord.Use("e", "1")));
    }

    [Fact]
    public void History_is_checked_against_all_time_in_the_raw_table_when_memory_has_forgotten()
    {
        using TestPartition partition = new(s_meters) { Clock = s_first };
        partition.Flush(TestRecord.Use("e", "1"));
        partition.Clock = s_first.AddDays(400);
        partition.Flush(TestRecord.Use("other", "1", partition.Clock));
        partition.LoseState();
        Assert.False(partition.Deduplicator.IsComplete);
        Assert.Equal(new Counts(2, 0, 1, 1, 0), partition.Flush(TestRecord.Use("e", "1"), TestRecord.Use("e", "2")));
        Assert.Equal("conflict", Assert.Single(partition.DeadLetters).Code);
    }

    [Fact]
    public void History_is_found_in_a_segment_of_any_age()
    {
        using TestPartition partition = new(s_meters) { Clock = s_first };
        partition.Flush(TestRecord.Use("e", "1"));
        MoveActiveToSegment(partition.Deduplicator);
        Assert.Equal(0, partition.Deduplicator.ActiveCount);
        partition.Clock = s_first.AddDays(400);
        Assert.Equal(new Counts(1, 0, 1, 0, 0), partition.Flush(TestRecord.Use("e", "1")));
        Assert.Equal(new Counts(1, 1, 0, 0, 0), partition.Flush(TestRecord.Use("e", "1", partition.Clock)));
    }

    [Fact]
    public void A_segment_is_a_cache_of_the_table_and_the_newest_entry_counts()
    {
        Deduplicator deduplicator = new();
        EventIdentity identity = new(1, 2);
        deduplicator.Add(identity, 7, 1000);
        MoveActiveToSegment(deduplicator);
        deduplicator.Add(identity, 8, 2000);
        MoveActiveToSegment(deduplicator);
        Assert.True(deduplicator.TryFind(identity, out IdentityEntry entry));
        Assert.Equal(new IdentityEntry(8, 2000), entry);
        deduplicator.Add(identity, 9, 3000);
        Assert.True(deduplicator.TryFind(identity, out entry));
        Assert.Equal(new IdentityEntry(9, 3000), entry);
        Assert.False(deduplicator.TryFind(new EventIdentity(2, 1), out _));
    }

    [Fact]
    public void A_segment_goes_when_its_newest_entry_is_too_old_and_the_state_then_says_that_it_is_incomplete()
    {
        Deduplicator deduplicator = new();
        deduplicator.Add(new EventIdentity(1, 1), 7, 1000);
        deduplicator.Add(new EventIdentity(2, 2), 7, 2000);
        MoveActiveToSegment(deduplicator);
        Assert.Empty(deduplicator.Expire(2000));
        Assert.True(deduplicator.IsComplete);
        Assert.Single(deduplicator.Expire(2001));
        Assert.False(deduplicator.IsComplete);
        Assert.Empty(deduplicator.Segments);
        Assert.False(deduplicator.TryFind(new EventIdentity(2, 2), out _));
    }

    [Fact]
    public void The_state_never_goes_back()
    {
        Deduplicator deduplicator = new();
        deduplicator.Restore(10);
        Assert.Throws<InvariantException>(() => deduplicator.Restore(9));
        Assert.Throws<InvariantException>(() => deduplicator.Advance(10));
        deduplicator.Advance(12);
        Assert.Equal(12, deduplicator.Position);
    }

    /// <summary>An append time of zero would make the identity invisible in the table: every copy would count.</summary>
    [Fact]
    public void A_record_without_an_append_time_stops_the_partition()
    {
        using TestPartition partition = new(s_meters) { Clock = DateTime.UnixEpoch };
        Assert.Throws<InvariantException>(() => partition.Flush(TestRecord.Use("e", "1")));
    }

    /// <summary>A void of an event is over when the event's identity is forgotten: the next event of that id is another one.</summary>
    [Theory]
    [InlineData(RecordKind.Void)]
    [InlineData(RecordKind.Amend)]
    public void An_id_used_again_beyond_the_horizon_is_a_new_event_that_can_be_corrected_again(RecordKind kind)
    {
        foreach (bool sameFlush in new[] { true, false })
        {
            foreach (bool losesState in new[] { true, false })
            {
                using TestPartition partition = new(s_meters) { Clock = s_first };
                partition.Flush(TestRecord.Use("e", "1"));
                partition.Flush(Correct(TestRecord.Use("e", "1"), kind, "20", "k1"));
                partition.Clock = s_first.AddDays(71);
                if (losesState)
                {
                    partition.LoseState();
                }

                TestRecord again = TestRecord.Use("e", "1", partition.Clock);
                TestRecord fix = Correct(again, kind, "300", "k2");
                foreach (TestRecord[] flush in sameFlush ? [[again, fix]] : new TestRecord[][] { [again], [fix] })
                {
                    partition.Flush(flush);
                }

                Assert.Equal(kind == RecordKind.Void ? "0" : "320", Sum(partition));
                Assert.Equal(kind == RecordKind.Void ? 0 : 2, partition.Deltas.Sum(row => row.Count));
            }
        }
    }

    /// <summary>However the log is cut, and whenever old state is dropped.</summary>
    [Theory]
    [InlineData(0, "0")]
    [InlineData(1, "1")]
    public void A_void_waits_for_its_event_as_long_as_an_identity_is_remembered(int millisecondsLate, string expected)
    {
        foreach (int expires in new[] { 0, 1 })
        {
            foreach (bool anotherFixInTheFlush in new[] { false, true })
            {
                using TestPartition partition = new(s_meters) { Clock = s_first };
                TestRecord late = TestRecord.Use("e", "1", s_first + TestPartition.Horizon);
                partition.Flush(late.Void("early"));
                partition.Clock = s_first + TestPartition.Horizon + TimeSpan.FromMilliseconds(millisecondsLate);
                if (expires == 1)
                {
                    partition.Deduplicator.Expire(new DateTimeOffset(partition.Clock - TestPartition.Horizon).ToUnixTimeMilliseconds());
                }

                partition.Flush(anotherFixInTheFlush ? [late, late.Amend("1")] : [late]);
                Assert.Equal(expected, Sum(partition));
            }
        }
    }

    /// <summary>As its duplicates are: an event older than the horizon is checked against all time.</summary>
    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public void A_void_waits_for_history_for_ever(bool expires, bool losesState)
    {
        using TestPartition partition = new(s_meters) { Clock = s_first };
        partition.Flush(TestRecord.Use("e", "1").Void("early"));
        partition.Clock = s_first.AddDays(400);
        partition.Flush(TestRecord.Tick, TestRecord.Use("other", "0", partition.Clock));
        if (expires)
        {
            partition.Deduplicator.Expire(new DateTimeOffset(partition.Clock - TestPartition.Horizon).ToUnixTimeMilliseconds());
        }

        if (losesState)
        {
            partition.LoseState();
        }

        partition.Flush(TestRecord.Use("e", "1"));
        Assert.Equal("0", Sum(partition));
        Assert.True(partition.Raw[^1].BornVoid);
    }

    private static TestRecord Correct(TestRecord one, RecordKind kind, string value, string key) =>
        kind == RecordKind.Void ? one.Void(key) : one.Amend(value, key);

    private static string Sum(TestPartition partition) => new Quantity(partition.Deltas.Aggregate(Int128.Zero, (sum, row) => sum + row.Sum)).ToString();

    private static void MoveActiveToSegment(Deduplicator deduplicator) =>
        deduplicator.ReplaceActive(new FakeSegment(deduplicator.ActiveSorted()));

    private sealed class FakeSegment((EventIdentity Identity, IdentityEntry Entry)[] entries) : IIdentitySegment
    {
        private readonly Dictionary<EventIdentity, IdentityEntry> _entries = entries.ToDictionary(entry => entry.Identity, entry => entry.Entry);

        public long NewestAtMs => _entries.Values.Max(entry => entry.AtMs);

        public bool TryFind(in EventIdentity identity, out IdentityEntry entry) => _entries.TryGetValue(identity, out entry);
    }
}
