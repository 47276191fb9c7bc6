using Xunit;

namespace Metering.EventLog.Tests;

public sealed class AppendBatchTests
{
    [Fact]
    public void Records_keep_their_bytes_while_the_batch_grows()
    {
        using AppendBatch batch = new();
        for (int i = 0; i < 2000; i++)
        {
            batch.GetSpan(i)[..i].Fill((byte)i);
            batch.Advance(i);
            Assert.Equal(i, batch.EndRecord(i % 7));
        }

        Assert.Equal((2000, 2000 * 1999 / 2), (batch.Count, batch.ByteCount));
        for (int i = 0; i < 2000; i++)
        {
            Assert.Equal((i % 7, i), (batch.Partition(i), batch.Value(i).Length));
            Assert.True(batch.Value(i).Span.IndexOfAnyExcept((byte)i) < 0);
        }
    }

    [Fact]
    public void An_abandoned_record_leaves_nothing_and_a_reset_batch_has_no_results()
    {
        using AppendBatch batch = new();
        batch.GetSpan(3)[..3].Fill(1);
        batch.Advance(3);
        batch.AbandonRecord();
        batch.GetSpan(1)[0] = 2;
        batch.Advance(1);
        batch.EndRecord(0);
        Assert.Equal([2], batch.Value(0).ToArray());
        batch.SetResult(0, new AppendResult(5, 6));
        Assert.True(batch.Result(0).IsDurable);

        batch.Reset();
        Assert.Throws<ArgumentOutOfRangeException>(() => batch.Result(0));
        batch.EndRecord(0);
        Assert.False(batch.Result(0).IsDurable);
    }
}
