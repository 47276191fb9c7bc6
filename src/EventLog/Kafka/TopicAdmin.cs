using Confluent.Kafka;
using Confluent.Kafka.Admin;
using Microsoft.Extensions.Logging;

namespace Metering.EventLog.Kafka;

/// <summary>Makes, describes and checks topics, and asks for the ends of partitions.</summary>
internal sealed class TopicAdmin : IDisposable
{
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(100);

    private readonly KafkaEventLogOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly ClientLog _clientLog;
    private readonly IAdminClient _client;

    public TopicAdmin(KafkaEventLogOptions options, TimeProvider time, ILogger logger, ClientLog clientLog)
    {
        _options = options;
        _time = time;
        _logger = logger;
        _clientLog = clientLog;
        _client = new AdminClientBuilder(ClientConfigs.Admin(options))
            .SetErrorHandler((_, error) => clientLog.Write(error))
            .SetLogHandler((_, message) => clientLog.Write(message))
            .Build();
    }

    /// <summary>Makes the topic when it is missing, checks it, and gives its id.</summary>
    /// <exception cref="TopicMismatchException">It is not as it must be.</exception>
    /// <exception cref="TopicMissingException">It must exist and does not.</exception>
    /// <exception cref="EventLogUnavailableException">The cluster cannot be asked, or lacks the topic.</exception>
    public async Task<string> OpenAsync(TopicSpec spec, CancellationToken cancellationToken)
    {
        TopicDescription topic = await DescribeAsync(spec).ConfigureAwait(false) ?? await CreateAsync(spec, cancellationToken).ConfigureAwait(false);
        if (topic.Partitions.Count != spec.Partitions)
        {
            throw new TopicMismatchException(
                $"Topic '{spec.Name}' has {topic.Partitions.Count} partitions, not {spec.Partitions}. The count of a topic never changes: " +
                $"ask for {topic.Partitions.Count}, or delete the topic while it is empty.");
        }

        if (_options.CheckTopics)
        {
            TopicSettings.Check(spec, _options, await SettingsAsync(spec.Name).ConfigureAwait(false));
        }

        return await IdAsync(topic).ConfigureAwait(false);
    }

    /// <summary>
    /// One end of each partition, in Kafka's offsets, in the order asked for. Asks again for a request's time: after an outage the leaders are unknown
    /// for a moment.
    /// </summary>
    /// <exception cref="EventLogUnavailableException">The brokers do not say.</exception>
    public async Task<long[]> EndsAsync(IReadOnlyList<TopicPartition> partitions, OffsetSpec end, CancellationToken cancellationToken)
    {
        long started = _time.GetTimestamp();
        while (true)
        {
            try
            {
                return await EndsOnceAsync(partitions, end).WaitAsync(cancellationToken).ConfigureAwait(false);
            }
            catch (KafkaException e) when (_time.GetElapsedTime(started) >= _options.RequestTimeout)
            {
                throw Unavailable("The ends of partitions cannot be looked up", e);
            }
            catch (KafkaException)
            {
                await Task.Delay(s_pause, _time, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    public void Dispose() => _client.Dispose();

    private async Task<long[]> EndsOnceAsync(IReadOnlyList<TopicPartition> partitions, OffsetSpec end)
    {
        ListOffsetsResult found = await _client.ListOffsetsAsync(
            partitions.Select(one => new TopicPartitionOffsetSpec { TopicPartition = one, OffsetSpec = end }),
            new ListOffsetsOptions { RequestTimeout = _options.RequestTimeout, IsolationLevel = IsolationLevel.ReadCommitted }).ConfigureAwait(false);
        Dictionary<TopicPartition, TopicPartitionOffsetError> ends = found.ResultInfos.Select(info => info.TopicPartitionOffsetError).ToDictionary(one => one.TopicPartition);
        return [.. partitions.Select(one => Known(ends[one]))];
    }

    /// <summary>An answer that lacks one partition's leader is an answer all the same, with an error or a negative offset there.</summary>
    private static long Known(TopicPartitionOffsetError end) => end.Error.IsError || end.Offset.Value < 0
        ? throw new KafkaException(end.Error.IsError ? end.Error : new Error(ErrorCode.LeaderNotAvailable))
        : end.Offset.Value;

    private async Task<TopicDescription?> DescribeAsync(TopicSpec spec)
    {
        try
        {
            DescribeTopicsResult found = await _client.DescribeTopicsAsync(
                TopicCollection.OfTopicNames([spec.Name]), new DescribeTopicsOptions { RequestTimeout = _options.RequestTimeout }).ConfigureAwait(false);
            return found.TopicDescriptions[0];
        }
        catch (DescribeTopicsException e) when (e.Results.TopicDescriptions[0].Error.Code == ErrorCode.UnknownTopicOrPart)
        {
            return null;
        }
        catch (KafkaException e)
        {
            throw Unavailable($"Topic '{spec.Name}' cannot be described", e, CauseOf(e).Code == ErrorCode.TopicAuthorizationFailed ? "Allow Describe, Read and Write on it." : "");
        }
    }

    private async Task<TopicDescription> CreateAsync(TopicSpec spec, CancellationToken cancellationToken)
    {
        if (spec.MustExist)
        {
            throw new TopicMissingException($"Topic '{spec.Name}' does not exist.");
        }

        if (!_options.CreateTopics)
        {
            throw new EventLogUnavailableException(
                $"Topic '{spec.Name}' does not exist and {nameof(KafkaEventLogOptions.CreateTopics)} is false. " +
                $"Make it with: {TopicSettings.CreateCommand(spec, _options)}");
        }

        TopicSpecification topic = new()
        {
            Name = spec.Name,
            NumPartitions = spec.Partitions,
            ReplicationFactor = _options.ReplicationFactor,
            Configs = TopicSettings.ForNew(spec, _options),
        };
        try
        {
            CreateTopicsOptions times = new() { RequestTimeout = _options.RequestTimeout, OperationTimeout = _options.RequestTimeout };
            await _client.CreateTopicsAsync([topic], times).ConfigureAwait(false);
            _logger.TopicMade(spec.Name, spec.Partitions, _options.ReplicationFactor);
        }
        catch (CreateTopicsException e) when (e.Results[0].Error.Code == ErrorCode.TopicAlreadyExists)
        {
            // Another process was faster; whether it made what we need is checked like any topic.
        }
        catch (KafkaException e)
        {
            throw Unavailable($"Topic '{spec.Name}' cannot be made", e, TopicSettings.CreateRemedy(CauseOf(e).Code, spec, _options));
        }

        return await AppearanceAsync(spec, cancellationToken).ConfigureAwait(false);
    }

    // The controller has it; the broker that is asked learns of it a moment later, and of the leaders another one later.
    private async Task<TopicDescription> AppearanceAsync(TopicSpec spec, CancellationToken cancellationToken)
    {
        long started = _time.GetTimestamp();
        while (true)
        {
            if (await DescribeAsync(spec).ConfigureAwait(false) is { } topic && topic.Partitions.TrueForAll(one => one.Leader is { Id: >= 0 }))
            {
                return topic;
            }

            if (_time.GetElapsedTime(started) > _options.RequestTimeout)
            {
                throw new EventLogUnavailableException($"Topic '{spec.Name}' was made but has no leaders after {_options.RequestTimeout:c}.");
            }

            await Task.Delay(s_pause, _time, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task<Dictionary<string, string>> SettingsAsync(string topic)
    {
        try
        {
            List<DescribeConfigsResult> found = await _client.DescribeConfigsAsync(
                [new ConfigResource { Type = ResourceType.Topic, Name = topic }],
                new DescribeConfigsOptions { RequestTimeout = _options.RequestTimeout }).ConfigureAwait(false);
            return found[0].Entries.ToDictionary(entry => entry.Key, entry => entry.Value.Value);
        }
        catch (KafkaException e)
        {
            throw Unavailable(
                $"The settings of topic '{topic}' cannot be checked",
                e,
                $"Allow DescribeConfigs on it, or set {nameof(KafkaEventLogOptions.CheckTopics)} to false and answer for them yourself.");
        }
    }

    // Brokers before 2.8 give no id. The cluster and the name are then all that can be told apart.
    private async Task<string> IdAsync(TopicDescription topic)
    {
        if (topic.TopicId is { } id && (id.MostSignificantBits | id.LeastSignificantBits) != 0)
        {
            return id.ToString();
        }

        _logger.TopicWithoutId(topic.Name);
        try
        {
            DescribeClusterResult cluster = await _client.DescribeClusterAsync(
                new DescribeClusterOptions { RequestTimeout = _options.RequestTimeout }).ConfigureAwait(false);
            return $"{cluster.ClusterId}/{topic.Name}";
        }
        catch (KafkaException e)
        {
            throw Unavailable("The cluster does not say who it is", e);
        }
    }

    private EventLogUnavailableException Unavailable(string what, KafkaException e, string remedy = "")
    {
        Error cause = CauseOf(e);
        string trouble = cause.IsLocalError ? _clientLog.Trouble.Explain() : ""; // else a broker has answered
        string[] sentences = [$"{what}: {cause.Reason.TrimEnd('.')} ({cause.Code}, brokers {_options.BootstrapServers}).", remedy, trouble];
        return new EventLogUnavailableException(string.Join(' ', sentences.Where(one => one.Length > 0)), e);
    }

    // Of a request about several things the client says "some failed"; ours are about one.
    private static Error CauseOf(KafkaException e) => e switch
    {
        CreateTopicsException made => made.Results[0].Error,
        DescribeTopicsException described => described.Results.TopicDescriptions[0].Error,
        DescribeConfigsException settings => settings.Results[0].Error,
        _ => e.Error,
    };
}
