using System.Collections.Concurrent;
using Metering.Testing.Kafka.Sasl;
using Metering.Testing.Kafka.Topics;
using Metering.Testing.Kafka.Wire;

namespace Metering.Testing.Kafka.Edge;

/// <summary>One client at the edge: which of its requests are answered here, and which go on to the broker.</summary>
internal sealed class EdgeConnection
{
    private readonly SaslGate? _gate;
    private readonly TopicBook? _topics;
    private readonly ApiRange[] _own;
    private readonly ConcurrentDictionary<int, byte> _versionsAsked = new();

    public EdgeConnection(SaslGate? gate, TopicBook? topics)
    {
        _gate = gate;
        _topics = topics;
        _own = [.. gate is null ? [] : SaslGate.Requests, .. topics is null ? [] : TopicRequests.Requests];
    }

    /// <returns>Null when the broker answers.</returns>
    /// <exception cref="WireViolationException">The connection must be closed.</exception>
    public OwnAnswer? Answer(ReadOnlySpan<byte> frame)
    {
        RequestReader request = new(frame);
        foreach (ApiRange own in _own)
        {
            if (own.Api == request.Api)
            {
                own.Check(request.Version);
            }
        }

        switch (request.Api)
        {
            case Api.ApiVersions:
                _versionsAsked[request.Id] = 0;
                return null;
            case Api.SaslHandshake or Api.SaslAuthenticate when _gate is not null:
                return _gate.Answer(ref request);
        }

        _gate?.Pass(request.Api);
        return request.Api switch
        {
            Api.CreateTopics when _topics is not null => new OwnAnswer(TopicRequests.Create(_topics, ref request)),
            Api.DescribeConfigs when _topics is not null => new OwnAnswer(TopicRequests.Describe(_topics, ref request)),
            _ => null,
        };
    }

    /// <summary>What the client gets of a broker's answer: of ApiVersions also what is answered here.</summary>
    public byte[] Complete(byte[] answer) =>
        _versionsAsked.TryRemove(Frames.AnswerId(answer), out _) ? ApiRange.AddTo(answer, _own) : answer;
}
