using System.Diagnostics;
using Confluent.Kafka;
using Xunit;

namespace Metering.EventLog.Tests.Kafka;

/// <summary>What becomes of records when brokers, connections and the producer fail: a result each, and none called durable that is not there.</summary>
public sealed class ProduceFaultTests
{
    private static readonly TimeSpan s_short = TimeSpan.FromSeconds(1);

    [Theory]
    [InlineData(ErrorCode.NotLeaderForPartition)]
    [InlineData(ErrorCode.NotEnoughReplicas)]
    [InlineData(ErrorCode.NotEnoughReplicasAfterAppend)]
    [InlineData(ErrorCode.RequestTimedOut)]
    [InlineData(ErrorCode.BrokerNotAvailable)]
    public async Task An_error_that_passes_is_not_seen(ErrorCode error)
    {
        await using MockLog log = await MockLog.OpenAsync();
        log.Cluster.FailProduce(error, error, error);
        AppendResult[] results = await log.AppendAsync(100);
        Assert.All(results, result => Assert.True(result.IsDurable, result.Failure));
        await log.AssertAcknowledgedAreThereAsync(results);
        Assert.Equal(100, (await log.ReadAllAsync()).Count);
    }

    /// <summary>The mock keeps both copies of a request whose answer went down with the connection; a broker drops the second by its sequence number.</summary>
    [Fact]
    public async Task A_broken_connection_is_not_seen()
    {
        await using MockLog log = await MockLog.OpenAsync();
        log.Cluster.FailProduce(ErrorCode.Local_Transport, ErrorCode.Local_Transport, ErrorCode.Local_Transport);
        AppendResult[] results = await log.AppendAsync(100);
        Assert.All(results, result => Assert.True(result.IsDurable, result.Failure));
        await log.AssertAcknowledgedAreThereAsync(results);
    }

    [Theory]
    [InlineData(ErrorCode.TopicAuthorizationFailed)]
    [InlineData(ErrorCode.MsgSizeTooLarge)]
    [InlineData(ErrorCode.InvalidRequiredAcks)]
    public async Task An_error_that_stays_refuses_the_records(ErrorCode error)
    {
        await using MockLog log = await MockLog.OpenAsync(deliveryTimeout: s_short);
        log.Cluster.FailProduce(Enumerable.Repeat(error, 20).ToArray());
        AppendResult[] results = await log.AppendAsync(10);
        Assert.All(results, result => Assert.False(result.IsDurable));
        Assert.All(results, result => Assert.Contains("Kafka", result.Failure, StringComparison.Ordinal));
        Assert.Empty(await log.ReadAllAsync());
        log.Cluster.ProduceAgain();
        await AssertAppendsAgainAsync(log);
    }

    [Fact]
    public async Task Too_few_replicas_for_too_long_refuse_the_records()
    {
        await using MockLog log = await MockLog.OpenAsync(deliveryTimeout: s_short);
        log.Cluster.FailProduce(Enumerable.Repeat(ErrorCode.NotEnoughReplicas, 1000).ToArray());
        Stopwatch clock = Stopwatch.StartNew();
        AppendResult[] results = await log.AppendAsync(10);
        Assert.InRange(clock.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(15));
        Assert.All(results, result => Assert.False(result.IsDurable));
        log.Cluster.ProduceAgain();
        await AssertAppendsAgainAsync(log);
    }

    [Fact]
    public async Task A_lost_answer_is_asked_for_again()
    {
        await using MockLog log = await MockLog.OpenAsync(partitions: 1);
        Assert.True((await log.AppendAsync(1, first: 1000))[0].IsDurable);
        log.Cluster.LoseProduceAnswers(1);
        AppendResult[] results = await log.AppendAsync(50);
        Assert.Equal(1, log.Cluster.AnswersLost);
        Assert.All(results, result => Assert.True(result.IsDurable, result.Failure));
        await log.AssertAcknowledgedAreThereAsync(results);
    }

    [Fact]
    public async Task Answers_that_stay_lost_acknowledge_nothing()
    {
        await using MockLog log = await MockLog.OpenAsync(partitions: 1, deliveryTimeout: s_short);
        log.Cluster.LoseProduceAnswers(1000);
        AppendResult[] results = await log.AppendAsync(5);
        Assert.All(results, result => Assert.False(result.IsDurable));
        Assert.All(results, result => Assert.Contains("may or may not", result.Failure, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_record_that_is_somewhere_unknown_is_not_acknowledged()
    {
        await using MockLog log = await MockLog.OpenAsync(partitions: 1);
        log.Cluster.FailProduce(ErrorCode.DuplicateSequenceNumber);
        AppendResult result = (await log.AppendAsync(1))[0];
        Assert.False(result.IsDurable);
        Assert.Contains("may or may not", result.Failure, StringComparison.Ordinal);
        await AssertAppendsAgainAsync(log);
    }

    [Fact]
    public async Task Brokers_that_are_down_refuse_and_come_back()
    {
        await using MockLog log = await MockLog.OpenAsync(deliveryTimeout: s_short);
        log.Cluster.GoDown();
        Assert.All(await log.AppendAsync(10), result => Assert.False(result.IsDurable));
        log.Cluster.ComeUp();
        await AssertAppendsAgainAsync(log);
    }

    [Fact]
    public async Task More_than_the_queue_holds_waits_for_room()
    {
        await using MockLog log = await MockLog.OpenAsync(queuedRecords: 20);
        AppendResult[] results = await log.AppendAsync(500);
        Assert.All(results, result => Assert.True(result.IsDurable, result.Failure));
        Assert.Equal(500, (await log.ReadAllAsync()).Count);
    }

    [Fact]
    public async Task A_queue_that_stays_full_refuses()
    {
        await using MockLog log = await MockLog.OpenAsync(deliveryTimeout: s_short, queuedRecords: 20);
        log.Cluster.GoDown();
        Stopwatch clock = Stopwatch.StartNew();
        AppendResult[] results = await log.AppendAsync(500);
        Assert.InRange(clock.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(20));
        Assert.All(results, result => Assert.False(result.IsDurable));
        Assert.All(results, result => Assert.NotNull(result.Failure));
        log.Cluster.ComeUp();
        await AssertAppendsAgainAsync(log);
    }

    [Fact]
    public async Task A_dead_producer_is_replaced_and_acknowledges_nothing_it_lost()
    {
        await using MockLog log = await MockLog.OpenAsync();
        AppendResult[] before = await log.AppendAsync(10, first: 1000);
        log.Cluster.FailProduce(ErrorCode.OutOfOrderSequenceNumber, ErrorCode.OutOfOrderSequenceNumber);
        AppendResult[] results = await log.AppendAsync(10);
        Assert.All(results, result => Assert.False(result.IsDurable));
        Assert.All(results, result => Assert.NotNull(result.Failure));
        log.Cluster.ProduceAgain();
        await AssertAppendsAgainAsync(log);
        await log.AssertAcknowledgedAreThereAsync(before, first: 1000);
    }

    [Fact]
    public async Task Closing_the_log_waits_for_the_results()
    {
        MockLog log = await MockLog.OpenAsync(deliveryTimeout: s_short);
        log.Cluster.GoDown();
        Task<AppendResult[]> append = log.AppendAsync(10);
        await log.DisposeAsync();
        Assert.All(await append, result => Assert.False(result.IsDurable));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => log.AppendAsync(1));
    }

    [Fact]
    public async Task A_cancelled_append_leaves_its_batch_alone_when_the_reports_come()
    {
        await using MockLog log = await MockLog.OpenAsync(partitions: 1);
        log.Cluster.SetRoundTrip(TimeSpan.FromMilliseconds(300));
        using AppendBatch batch = new();
        batch.GetSpan(1)[0] = 1;
        batch.Advance(1);
        batch.EndRecord(0);
        using CancellationTokenSource cancel = new(TimeSpan.FromMilliseconds(50));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await log.Topic.AppendAsync(batch, cancel.Token));
        Assert.Equal(default, batch.Result(0));
        await Task.Delay(TimeSpan.FromSeconds(1), TestContext.Current.CancellationToken);
        Assert.Equal(default, batch.Result(0));
    }

    private static async Task AssertAppendsAgainAsync(MockLog log)
    {
        Stopwatch clock = Stopwatch.StartNew();
        AppendResult[] results;
        do
        {
            Assert.True(clock.Elapsed < TimeSpan.FromSeconds(20), "No append succeeds again.");
            results = await log.AppendAsync(10, first: 5000);
            await Task.Delay(TimeSpan.FromMilliseconds(100), TestContext.Current.CancellationToken);
        }
        while (results.Any(result => !result.IsDurable));
        await log.AssertAcknowledgedAreThereAsync(results, first: 5000);
    }
}
