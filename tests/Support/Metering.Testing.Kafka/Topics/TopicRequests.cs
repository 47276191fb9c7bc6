using Confluent.Kafka;
using Confluent.Kafka.Admin;
using Metering.Testing.Kafka.Edge;
using Metering.Testing.Kafka.Wire;

namespace Metering.Testing.Kafka.Topics;

/// <summary>CreateTopics and DescribeConfigs, in those versions that have no varints.</summary>
internal static class TopicRequests
{
    public static ApiRange[] Requests { get; } = [new(Api.CreateTopics, 2, 4), new(Api.DescribeConfigs, 1, 1)];

    public static byte[] Create(TopicBook book, ref RequestReader request)
    {
        request.SkipClientName();
        NewTopic[] topics = new NewTopic[request.Count()];
        for (int i = 0; i < topics.Length; i++)
        {
            topics[i] = ReadTopic(ref request);
        }

        _ = request.Int32(); // how long to wait: the mock does it at once
        if (request.Bool())
        {
            throw new WireViolationException("Trying out a topic without making it is not simulated.");
        }

        request.End();
        AnswerWriter answer = new AnswerWriter(request.Id).Int32(0).Int32(topics.Length);
        foreach (NewTopic topic in topics)
        {
            Refusal? refusal = book.Make(topic);
            answer.Text(topic.Name).Int16((short)(refusal?.Error ?? ErrorCode.NoError)).Text(refusal?.Message);
        }

        return answer.ToFrame();
    }

    public static byte[] Describe(TopicBook book, ref RequestReader request)
    {
        request.SkipClientName();
        string[] topics = new string[request.Count()];
        for (int i = 0; i < topics.Length; i++)
        {
            topics[i] = ReadDescribed(ref request);
        }

        bool synonyms = request.Bool();
        request.End();
        AnswerWriter answer = new AnswerWriter(request.Id).Int32(0).Int32(topics.Length);
        foreach (string topic in topics)
        {
            Describe(book, topic, synonyms, answer);
        }

        return answer.ToFrame();
    }

    private static NewTopic ReadTopic(ref RequestReader request)
    {
        string name = request.RequiredText();
        int partitions = request.Int32();
        short replicas = request.Int16();
        if (request.Count() != 0)
        {
            throw new WireViolationException("Choosing the brokers of partitions is not simulated.");
        }

        Dictionary<string, string> settings = [];
        for (int left = request.Count(); left > 0; left--)
        {
            settings.Add(request.RequiredText(), request.RequiredText());
        }

        return new NewTopic(name, partitions, replicas, settings);
    }

    private static string ReadDescribed(ref RequestReader request)
    {
        sbyte type = request.Int8();
        string name = request.RequiredText();
        if (type != (sbyte)ResourceType.Topic || request.Count() != -1)
        {
            throw new WireViolationException("Only all settings of topics are simulated.");
        }

        return name;
    }

    private static void Describe(TopicBook book, string topic, bool synonyms, AnswerWriter answer)
    {
        IReadOnlyDictionary<string, string>? own = book.Own(topic);
        Refusal? refusal = (book.DescribingRefused, own) switch
        {
            ({ } error, _) => new Refusal(error, "Authorization failed."),
            (_, null) => new Refusal(ErrorCode.UnknownTopicOrPart, null),
            _ => null,
        };
        answer.Int16((short)(refusal?.Error ?? ErrorCode.NoError)).Text(refusal?.Message).Int8((sbyte)ResourceType.Topic).Text(topic);
        TopicSetting[] described = refusal is null ? [.. TopicSetting.All.Values] : [];
        answer.Int32(described.Length);
        foreach (TopicSetting setting in described)
        {
            Describe(setting, own!.GetValueOrDefault(setting.Name), synonyms, answer);
        }
    }

    // Synonyms: the topic's own setting. The broker's, which it would stand in for, is left out.
    private static void Describe(TopicSetting setting, string? own, bool synonyms, AnswerWriter answer)
    {
        sbyte source = (sbyte)(own is null ? ConfigSource.DefaultConfig : ConfigSource.DynamicTopicConfig);
        answer.Text(setting.Name).Text(own ?? setting.Default).Bool(false).Int8(source).Bool(false);
        answer.Int32(synonyms && own is not null ? 1 : 0);
        if (synonyms && own is not null)
        {
            answer.Text(setting.Name).Text(own).Int8(source);
        }
    }
}
