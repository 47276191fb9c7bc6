using System.Collections.Concurrent;
using Confluent.Kafka;

namespace Metering.Testing.Kafka.Topics;

/// <summary>What the cluster's controller knows of topics: who may make them, and the settings that each was made with.</summary>
public sealed class TopicBook
{
    private readonly ConcurrentDictionary<string, ConcurrentDictionary<string, string>> _settings = new();
    private readonly int _brokers;
    private readonly Func<NewTopic, ErrorCode> _make;
    private int _madeTwice;

    internal TopicBook(int brokers, Func<NewTopic, ErrorCode> make)
    {
        _brokers = brokers;
        _make = make;
    }

    /// <summary>What every attempt to make a topic is refused with; null when clients may.</summary>
    public ErrorCode? MakingRefused { get; set; }

    /// <summary>What every question for a topic's settings is refused with; null when clients may.</summary>
    public ErrorCode? DescribingRefused { get; set; }

    /// <summary>Runs before a topic is made, while the client that asked for it waits.</summary>
    public Action<string>? BeforeMaking { get; set; }

    /// <summary>Topics that were made at the request of a client, in order.</summary>
    public ConcurrentQueue<NewTopic> Made { get; } = new();

    /// <summary>Attempts to make a topic that was there.</summary>
    public int MadeTwice => Volatile.Read(ref _madeTwice);

    /// <summary>Gives a topic another setting, as its operator can.</summary>
    public void Alter(string topic, string setting, string value) => _settings[topic][setting] = value;

    /// <summary>The topic is there, without settings of its own.</summary>
    internal void Note(string topic) => _settings.TryAdd(topic, new());

    internal void Forget(string topic) => _settings.TryRemove(topic, out _);

    /// <summary>Checks in the order of Kafka's controller.</summary>
    internal Refusal? Make(NewTopic topic)
    {
        BeforeMaking?.Invoke(topic.Name);
        if (MakingRefused is { } refused)
        {
            return new Refusal(refused, "Authorization failed.");
        }

        if (_settings.ContainsKey(topic.Name))
        {
            Interlocked.Increment(ref _madeTwice);
            return new Refusal(ErrorCode.TopicAlreadyExists, $"Topic '{topic.Name}' already exists.");
        }

        if (WrongSetting(topic) is { } wrong)
        {
            return new Refusal(ErrorCode.InvalidConfig, wrong);
        }

        if (topic.Replicas < 1 || topic.Replicas > _brokers)
        {
            return new Refusal(
                ErrorCode.InvalidReplicationFactor,
                $"Unable to replicate the partition {topic.Replicas} time(s): The target replication factor of {topic.Replicas} cannot be reached because only {_brokers} broker(s) are registered.");
        }

        if (topic.Partitions < 1)
        {
            return new Refusal(ErrorCode.InvalidPartitions, "Number of partitions was set to an invalid non-positive value.");
        }

        if (_make(topic) is not ErrorCode.NoError and var error)
        {
            return new Refusal(error, null);
        }

        _settings[topic.Name] = new(topic.Settings);
        Made.Enqueue(topic);
        return null;
    }

    /// <returns>The topic's own settings; null when there is no such topic.</returns>
    internal IReadOnlyDictionary<string, string>? Own(string topic) => _settings.GetValueOrDefault(topic);

    private static string? WrongSetting(NewTopic topic)
    {
        foreach ((string name, string value) in topic.Settings)
        {
            if (!TopicSetting.All.TryGetValue(name, out TopicSetting? setting))
            {
                return $"Unknown topic config name: {name}";
            }

            if (!setting.Takes(value))
            {
                return $"Invalid value {value} for configuration {name}";
            }
        }

        return null;
    }
}

/// <summary>A topic as a client asks for it.</summary>
public sealed record NewTopic(string Name, int Partitions, int Replicas, IReadOnlyDictionary<string, string> Settings);

internal sealed record Refusal(ErrorCode Error, string? Message);
