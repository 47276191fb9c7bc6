using System.Net;
using System.Runtime.InteropServices;
using Confluent.Kafka;

namespace Metering.Testing.Kafka;

/// <summary>
/// A Kafka cluster in this process: librdkafka's mock brokers, each behind a <see cref="BrokerFront"/> that stamps append times as a real broker
/// does and can lose answers. Records are in memory only.
/// </summary>
/// <remarks>
/// What the mock cannot do: make topics or describe settings for clients (use <see cref="CreateTopic"/>), exclude duplicates of an idempotent
/// producer, keep more than 5 MB a partition (as sent, compressed), refuse large records, cut a fetch's wait short when records come.
/// </remarks>
public sealed class MockCluster : IDisposable
{
    private const short ProduceApi = 0;
    private const short AllBrokers = -1;

    // The newest version whose bytes are laid out without varints: what the front reads.
    private const short ProduceVersion = 7;

    private readonly nint _client;
    private readonly nint _cluster;
    private readonly BrokerFront[] _fronts;

    public MockCluster(int brokers = 1)
    {
        _client = MockNative.NewClient();
        _cluster = MockNative.NewCluster(_client, brokers);
        _ = MockNative.SetVersions(_cluster, ProduceApi, 0, ProduceVersion);
        Check(MockNative.SetController(_cluster, 1));
        string[] addresses = Marshal.PtrToStringUTF8(MockNative.Bootstraps(_cluster))!.Split(',');
        _fronts = [.. addresses.Select(address => new BrokerFront(IPEndPoint.Parse(address)))];
        for (int i = 0; i < brokers; i++)
        {
            Check(MockNative.Advertise(_cluster, i + 1, "127.0.0.1", _fronts[i].Port));
        }
    }

    public string BootstrapServers => string.Join(',', _fronts.Select(front => $"127.0.0.1:{front.Port}"));

    /// <summary>Answers to produce requests that were lost so far.</summary>
    public int AnswersLost => _fronts.Sum(front => front.AnswersLost);

    /// <summary>Makes a topic; does nothing when it exists.</summary>
    public void CreateTopic(string name, int partitions)
    {
        ErrorCode error = (ErrorCode)MockNative.CreateTopic(_cluster, name, partitions, _fronts.Length);
        if (error != ErrorCode.TopicAlreadyExists)
        {
            Check((int)error);
        }
    }

    public void DeleteTopic(string name) => Check(MockNative.DeleteTopic(_cluster, name));

    /// <summary>What retention does.</summary>
    /// <param name="topic">Its name.</param>
    /// <param name="partition">Its number.</param>
    /// <param name="below">In Kafka's offsets.</param>
    public void DeleteRecords(string topic, int partition, long below) => Check(MockNative.DeleteRecords(_cluster, topic, partition, below));

    /// <summary>The next produce requests fail with these, one each.</summary>
    public void FailProduce(params ErrorCode[] errors) => MockNative.PushErrors(_cluster, ProduceApi, (nuint)errors.Length, [.. errors.Select(error => (int)error)]);

    public void ProduceAgain() => MockNative.ClearErrors(_cluster, ProduceApi);

    /// <summary>The next produce requests are carried out, but their connections break instead of the answers.</summary>
    public void LoseProduceAnswers(int count)
    {
        foreach (BrokerFront front in _fronts)
        {
            front.LoseAnswers(count);
        }
    }

    /// <summary>Disconnects every client and takes no connections.</summary>
    public void GoDown() => Array.ForEach(_fronts, front => front.IsDown = true);

    public void ComeUp() => Array.ForEach(_fronts, front => front.IsDown = false);

    public void SetRoundTrip(TimeSpan time) => Check(MockNative.SetRoundTrip(_cluster, AllBrokers, (int)time.TotalMilliseconds));

    /// <summary>Takes the topic ids out of the cluster's answers, as brokers before 2.8 have none.</summary>
    public void HideTopicIds()
    {
        const short MetadataApi = 3, LastWithoutIds = 9;
        Check(MockNative.SetVersions(_cluster, MetadataApi, 0, LastWithoutIds));
    }

    public void Dispose()
    {
        foreach (BrokerFront front in _fronts)
        {
            front.Dispose();
        }

        MockNative.DestroyCluster(_cluster);
        MockNative.DestroyClient(_client);
    }

    private static void Check(int error)
    {
        if (error != 0)
        {
            throw new InvalidOperationException($"The mock cluster answers {(ErrorCode)error}.");
        }
    }
}
