using System.Net;
using System.Runtime.InteropServices;
using Confluent.Kafka;
using Metering.Testing.Kafka.Edge;
using Metering.Testing.Kafka.Sasl;
using Metering.Testing.Kafka.Topics;

namespace Metering.Testing.Kafka;

/// <summary>
/// A Kafka cluster in this process: librdkafka's mock brokers, each behind a <see cref="BrokerFront"/> that stamps append times as a real broker
/// does and can lose answers. Records are in memory only.
/// </summary>
/// <remarks>
/// What the mock cannot do: make topics or describe settings for clients, encrypt, authenticate (its fronts can: <see cref="BrokerEdge"/>), exclude
/// duplicates of an idempotent producer, keep more than 5 MB a partition (as sent, compressed), refuse large records, cut a fetch's wait short when
/// records come.
/// </remarks>
public sealed class MockCluster : IDisposable
{
    private const short ProduceApi = (short)Wire.Api.Produce;
    private const short AllBrokers = -1;

    // The newest versions whose bytes are laid out without varints: what the fronts read.
    private const short ProduceVersion = 7, ApiVersionsVersion = 2;

    private readonly nint _client;
    private readonly nint _cluster;
    private readonly BrokerFront[] _fronts;
    private int _authentications;
    private int _reauthentications;

    /// <param name="brokers">How many.</param>
    /// <param name="edge">What they do before and beside the log. Default: nothing.</param>
    public MockCluster(int brokers = 1, BrokerEdge? edge = null)
    {
        edge ??= new BrokerEdge();
        Topics = new TopicBook(brokers, topic => Make(topic.Name, topic.Partitions, topic.Replicas));
        _client = MockNative.NewClient();
        _cluster = MockNative.NewCluster(_client, brokers);
        _ = MockNative.SetVersions(_cluster, ProduceApi, 0, ProduceVersion);
        _ = MockNative.SetVersions(_cluster, (short)Wire.Api.ApiVersions, 0, ApiVersionsVersion);
        Check(MockNative.SetController(_cluster, 1));
        string[] addresses = Marshal.PtrToStringUTF8(MockNative.Bootstraps(_cluster))!.Split(',');
        _fronts = [.. addresses.Select(address => new BrokerFront(IPEndPoint.Parse(address), edge, () => Enter(edge)))];
        for (int i = 0; i < brokers; i++)
        {
            Check(MockNative.Advertise(_cluster, i + 1, "127.0.0.1", _fronts[i].Port));
        }
    }

    public string BootstrapServers => string.Join(',', _fronts.Select(front => $"127.0.0.1:{front.Port}"));

    /// <summary>Answers to produce requests that were lost so far.</summary>
    public int AnswersLost => _fronts.Sum(front => front.Loss.Count);

    /// <summary>Connections whose clients have proved who they are.</summary>
    public int Authentications => Volatile.Read(ref _authentications);

    /// <summary>How often they have done so again on the same connection.</summary>
    public int Reauthentications => Volatile.Read(ref _reauthentications);

    /// <summary>What the controller knows of topics.</summary>
    public TopicBook Topics { get; }

    /// <summary>What clients did that the protocol, or what is simulated of it, does not allow.</summary>
    public IReadOnlyList<string> Violations => [.. _fronts.SelectMany(front => front.Violations)];

    /// <summary>Makes a topic; does nothing when it exists.</summary>
    public void CreateTopic(string name, int partitions)
    {
        ErrorCode error = Make(name, partitions, _fronts.Length);
        if (error != ErrorCode.TopicAlreadyExists)
        {
            Check((int)error);
        }

        Topics.Note(name);
    }

    public void DeleteTopic(string name)
    {
        Check(MockNative.DeleteTopic(_cluster, name));
        Topics.Forget(name);
    }

    /// <summary>Clients that ask about the topic get this instead.</summary>
    public void HideTopic(string name, ErrorCode error) => MockNative.SetTopicError(_cluster, name, (int)error);

    /// <summary>Every consumer group is refused to every client.</summary>
    public void RefuseGroups() =>
        MockNative.PushErrors(_cluster, (short)Wire.Api.FindCoordinator, 1000, [.. Enumerable.Repeat((int)ErrorCode.GroupAuthorizationFailed, 1000)]);

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
            front.Loss.LoseNext(count);
        }
    }

    /// <summary>Disconnects every client and takes no connections.</summary>
    public void GoDown() => Array.ForEach(_fronts, front => front.IsDown = true);

    public void ComeUp() => Array.ForEach(_fronts, front => front.IsDown = false);

    public void SetRoundTrip(TimeSpan time) => Check(MockNative.SetRoundTrip(_cluster, AllBrokers, (int)time.TotalMilliseconds));

    /// <summary>Takes the topic ids out of the cluster's answers, as brokers before 2.8 have none.</summary>
    public void HideTopicIds()
    {
        const short LastWithoutIds = 9;
        Check(MockNative.SetVersions(_cluster, (short)Wire.Api.Metadata, 0, LastWithoutIds));
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

    private ErrorCode Make(string name, int partitions, int replicas) => (ErrorCode)MockNative.CreateTopic(_cluster, name, partitions, replicas);

    private EdgeConnection Enter(BrokerEdge edge) => new(
        edge.Sasl.Count > 0 ? new SaslGate(edge, again => Interlocked.Increment(ref again ? ref _reauthentications : ref _authentications)) : null,
        edge.MakesTopics ? Topics : null);

    private static void Check(int error)
    {
        if (error != 0)
        {
            throw new InvalidOperationException($"The mock cluster answers {(ErrorCode)error}.");
        }
    }
}
