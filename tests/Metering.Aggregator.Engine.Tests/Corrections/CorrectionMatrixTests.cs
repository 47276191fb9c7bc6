using CsCheck;
using Metering.Aggregator.Engine.Flushing;
using Metering.Aggregator.Engine.Meters;
using Metering.Aggregator.Engine.Tests.Harness;
using Metering.Aggregator.Engine.Windowing;
using Metering.Contracts;
using Xunit;

namespace Metering.Aggregator.Engine.Tests.Corrections;

/// <summary>Every aggregation under every way a void or an amendment can meet its event, against the naive model.</summary>
public class CorrectionMatrixTests
{
    private static readonly TestRecord s_event = TestRecord.Use("target", "5");
    private static readonly TestRecord s_before = TestRecord.Use("before", "3", TestRecord.Noon.AddSeconds(-1).AddMinutes(1).AddSeconds(-30));
    private static readonly TestRecord s_after = TestRecord.Use("after", "9", TestRecord.Noon.AddSeconds(40));
    private static readonly TestRecord s_twin = TestRecord.Use("twin", "5", TestRecord.Noon.AddSeconds(20));
    private static readonly TestRecord s_void = s_event.Void();
    private static readonly TestRecord s_amend = s_event.Amend("8");

    /// <summary>Each row: flushes; each flush: the names of its records.</summary>
    private static readonly Dictionary<string, string[]> s_situations = new()
    {
        ["same flush"] = ["before event FIX after"],
        ["later flush"] = ["before event after", "FIX"],
        ["before the event in its flush"] = ["before FIX event after"],
        ["before the event in an earlier flush"] = ["before FIX", "after event"],
        ["twice with the same key, same flush"] = ["event FIX FIX after"],
        ["twice with the same key, later flushes"] = ["event after", "FIX", "FIX"],
        ["twice with the same key around the event"] = ["FIX", "event after", "FIX"],
        ["twice with the same key and another reason"] = ["event after", "FIX", "FIX:reason"],
        ["twice with another key, same flush"] = ["event FIX FIX:key after"],
        ["twice with another key, later flushes"] = ["event after", "FIX", "FIX:key"],
        ["twice with another key, before the event"] = ["FIX", "FIX:key", "event after"],
        ["void after amend"] = ["event after", "amend", "void"],
        ["void after amend, same flush"] = ["event amend void after"],
        ["void after amend, before the event"] = ["amend void", "event after"],
        ["amend after void"] = ["event after", "void", "amend"],
        ["amend after void, same flush"] = ["event void amend after"],
        ["amend after void, before the event"] = ["void", "amend", "event after"],
        ["around the event"] = ["amend", "event after", "void"],
        ["amended twice"] = ["event after", "amend", "amend:2"],
        ["amended twice, same flush"] = ["event amend amend:2 after"],
        ["amended twice, before the event"] = ["amend amend:2", "event after"],
        ["amended before and after the event"] = ["amend", "event after", "amend:2"],
        ["amended twice and back to the first"] = ["event after", "amend", "amend:2", "amend:3"],
        ["amended twice and then voided"] = ["event", "amend amend:2", "after", "void"],
        ["the target came twice"] = ["event event FIX after"],
        ["the target came again after it"] = ["event FIX", "event after"],
        ["the target came again between"] = ["event", "event after", "FIX", "event"],
        ["two events share the value"] = ["event twin after", "FIX"],
        ["two events share the value, one flush"] = ["twin FIX event"],
        ["nothing else in the window"] = ["event", "FIX"],
        ["the event never comes"] = ["before after", "FIX"],
        ["the amendment moves it to another minute"] = ["event twin", "amend:moved"],
        ["the amendment changes subject and type"] = ["event twin", "amend:elsewhere", "FIX"],
        ["the amendment cannot be measured"] = ["event twin", "amend:bad"],
        ["the amendment of the unmeasurable"] = ["bad twin", "amend"],
        ["the void of the unmeasurable"] = ["bad twin", "void"],
    };

    public static TheoryData<Aggregation, RecordKind, string> Matrix => [.. (
        from aggregation in Enum.GetValues<Aggregation>()
        from kind in new[] { RecordKind.Void, RecordKind.Amend }
        from situation in s_situations.Keys
        where kind == RecordKind.Void || string.Concat(s_situations[situation]).Contains("FIX", StringComparison.Ordinal)
        select (aggregation, kind, situation))];

    [Theory]
    [MemberData(nameof(Matrix))]
    public void The_window_is_what_the_naive_model_says(Aggregation aggregation, RecordKind kind, string situation)
    {
        MeterRevision[] meters = [TestMeters.Of(aggregation, 1), TestMeters.Of(aggregation, 2, type: "other")];
        TestRecord[][] flushes = [.. s_situations[situation].Select(names => names.Split(' ').Select(name => Named(name, kind)).ToArray())];
        foreach (bool losesState in new[] { false, true })
        {
            using TestPartition partition = new(meters);
            foreach (TestRecord[] flush in flushes)
            {
                partition.Flush(flush);
                if (losesState)
                {
                    partition.LoseState();
                }
            }

            Assert.Equal(NaiveModel.Values(flushes.SelectMany(flush => flush), meters), Windows.Values(partition.Deltas, meters));
        }
    }

    /// <summary>The event is older than the horizon when it arrives: it is history, and its correction takes exactly it back.</summary>
    [Theory]
    [MemberData(nameof(Matrix))]
    public void The_same_holds_for_history(Aggregation aggregation, RecordKind kind, string situation)
    {
        MeterRevision[] meters = [TestMeters.Of(aggregation, 1), TestMeters.Of(aggregation, 2, type: "other")];
        TestRecord[][] flushes = [.. s_situations[situation].Select(names => names.Split(' ').Select(name => Named(name, kind)).ToArray())];
        using TestPartition partition = new(meters) { Clock = TestRecord.Noon.AddDays(40) };
        foreach (TestRecord[] flush in flushes)
        {
            partition.Flush(flush);
            partition.Clock = partition.Clock.AddDays(50);
            partition.LoseState();
        }

        Assert.Equal(NaiveModel.Values(flushes.SelectMany(flush => flush), meters), Windows.Values(partition.Deltas, meters));
    }

    /// <summary>
    /// A meter revision that begins between the event and its correction: the back-fill counts the event, the correction takes it back in
    /// both revisions.
    /// </summary>
    [Theory]
    [MemberData(nameof(Matrix))]
    public void The_same_holds_when_a_meter_revision_begins_after_any_flush(Aggregation aggregation, RecordKind kind, string situation)
    {
        MeterRevision[] meters = [TestMeters.Of(aggregation, 1), TestMeters.Of(aggregation, 2, groupBy: ["$.v"])];
        TestRecord[][] flushes = [.. s_situations[situation].Select(names => names.Split(' ').Select(name => Named(name, kind)).ToArray())];
        for (int begins = 1; begins < flushes.Length; begins++)
        {
            using TestPartition partition = new([meters[0]]);
            for (int i = 0; i < flushes.Length; i++)
            {
                if (i == begins)
                {
                    partition.Meters = new MeterSet(meters);
                    partition.Deltas.AddRange(BackFill(partition.Raw, new MeterSet([meters[1]])));
                }

                partition.Flush(flushes[i]);
            }

            Assert.Equal(NaiveModel.Values(flushes.SelectMany(flush => flush), meters), Windows.Values(partition.Deltas, meters));
        }
    }

    /// <summary>One amendment only: of several, the last in the log counts, so their order matters by design.</summary>
    [Fact]
    public void Any_order_of_event_void_and_amendment_gives_the_same_windows()
    {
        TestRecord[] records = [s_event, s_event, s_void, s_event.Void("other"), s_amend, s_amend, s_twin];
        foreach (TestRecord[] kept in new[] { records, [.. records.Where(one => one.Kind != RecordKind.Void)], [.. records.Where(one => one.Kind != RecordKind.Amend)] })
        {
            SortedDictionary<string, string> expected = NaiveModel.Values(kept, TestMeters.OneOfEach);
            Gen.Shuffle(kept).Select(Gen.Int[1, kept.Length]).Sample(
                (shuffled, size) =>
                {
                    using TestPartition partition = new(TestMeters.OneOfEach);
                    foreach (TestRecord[] flush in shuffled.Chunk(size))
                    {
                        partition.Flush(flush);
                    }

                    Assert.Equal(expected, Windows.Values(partition.Deltas, TestMeters.OneOfEach));
                },
                iter: 1000);
        }
    }

    [Fact]
    public void A_correction_of_an_event_that_never_comes_changes_nothing_and_is_kept()
    {
        using TestPartition partition = new(TestMeters.OneOfEach);
        partition.Flush(s_void, s_amend);
        Assert.Empty(partition.Deltas);
        Assert.All(partition.Raw, row => Assert.Equal((0, s_event.Identity), (row.TargetOffset, row.Target)));
        Assert.Equal([RecordKind.Void, RecordKind.Amend], partition.Raw.Select(row => row.Kind));
    }

    [Fact]
    public void An_event_whose_void_came_first_is_kept_without_a_delta()
    {
        using TestPartition partition = new(TestMeters.OneOfEach);
        partition.Flush(s_void);
        partition.Flush(s_event);
        Assert.Empty(partition.Deltas);
        Assert.True(partition.Raw[1].BornVoid);
    }

    [Fact]
    public void A_correction_names_the_offset_of_its_target()
    {
        using TestPartition partition = new(TestMeters.OneOfEach);
        partition.Flush(TestRecord.Tick, s_event);
        partition.Flush(s_void, s_amend);
        Assert.Equal([0, partition.Raw[0].Offset, partition.Raw[0].Offset], partition.Raw.Select(row => row.TargetOffset));
    }

    [Fact]
    public void A_correction_is_marked_as_one()
    {
        using TestPartition partition = new([TestMeters.Of(Aggregation.Sum, 1)]);
        partition.Flush(s_event, s_amend);
        partition.Flush(s_void);
        Assert.Equal(["Use 5 1", "Amend 3 0", "Void -8 -1"], partition.Deltas.Select(row => $"{(DeltaKind)row.Kind} {new Quantity(row.Sum)} {row.Count}"));
    }

    [Fact]
    public void An_erased_event_cannot_be_taken_back_and_says_so()
    {
        using TestPartition partition = new(TestMeters.OneOfEach);
        partition.Flush(s_event);
        partition.Erase("target");
        Assert.Equal(new Counts(2, 0, 0, 2, 0), partition.Flush(s_void, s_amend));
        Assert.Equal(["target_erased", "target_erased"], partition.DeadLetters.Select(letter => letter.Code));
        Assert.Equal(NaiveModel.Values([s_event], TestMeters.OneOfEach), Windows.Values(partition.Deltas, TestMeters.OneOfEach));
        Assert.Contains("\"correction\":\"void\"", partition.DeadLetters[0].Raw, StringComparison.Ordinal);
    }

    [Fact]
    public void A_void_of_one_tenant_does_not_touch_the_same_id_of_another()
    {
        using TestPartition partition = new(TestMeters.OneOfEach);
        partition.Flush(s_event, s_void with { Tenant = "rival" });
        Assert.Equal(NaiveModel.Values([s_event], TestMeters.OneOfEach), Windows.Values(partition.Deltas, TestMeters.OneOfEach));
    }

    private static TestRecord Named(string name, RecordKind fix) => name switch
    {
        "event" => s_event,
        "before" => s_before,
        "after" => s_after,
        "twin" => s_twin,
        "bad" => s_event with { Data = """{"v":"many"}""" },
        "void" => s_void,
        "amend" => s_amend,
        "amend:2" => s_event.Amend("2", "k2"),
        "amend:3" => s_event.Amend("8", "k3"),
        "amend:moved" => s_amend with { Time = TestRecord.Noon.AddMinutes(-7) },
        "amend:elsewhere" => s_event.Amend("6", "k4") with { Type = "other", Subject = "c9" },
        "amend:bad" => s_event.Amend("\"many\"", "k5"),
        "FIX" => fix == RecordKind.Void ? s_void : s_amend,
        "FIX:reason" => (fix == RecordKind.Void ? s_void : s_amend) with { Reason = "another" },
        "FIX:key" => fix == RecordKind.Void ? s_event.Void("k2") : s_event.Amend("8", "k2"),
        _ => throw new ArgumentException(name),
    };

    /// <summary>The new revision over the raw rows before it: events in their last version, net of voids.</summary>
    private static List<StoredDelta> BackFill(List<StoredRaw> raw, MeterSet meters)
    {
        using Contributions contributions = new();
        using RowBuffer rows = new();
        foreach (StoredRaw use in raw.Where(row => row.Kind == RecordKind.Use))
        {
            StoredRaw[] corrections = [.. raw.Where(row => row.Target == use.Identity)];
            StoredRaw version = corrections.LastOrDefault(row => row.Kind == RecordKind.Amend) ?? use;
            if (!corrections.Any(row => row.Kind == RecordKind.Void))
            {
                Measured measured = new()
                {
                    Identity = use.Identity,
                    Tenant = TestRecord.Utf8(version.Tenant),
                    Type = TestRecord.Utf8(version.Type),
                    Subject = TestRecord.Utf8(version.Subject),
                    TimeTicks = version.TimeTicks,
                    Data = TestRecord.Utf8(version.Data),
                };
                contributions.Apply(meters, measured, DeltaKind.Meter, 1);
            }
        }

        contributions.Deltas.WriteTo(rows, 1, 1, 1, 0);
        return RowReader.ReadDeltas(rows);
    }
}
