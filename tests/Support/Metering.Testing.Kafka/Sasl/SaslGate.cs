using Confluent.Kafka;
using Metering.Testing.Kafka.Edge;
using Metering.Testing.Kafka.Wire;

namespace Metering.Testing.Kafka.Sasl;

/// <summary>
/// Lets nothing through on a connection until its client has authenticated: SaslHandshake names the mechanism, SaslAuthenticate carries its messages
/// (KIP-43, KIP-152), and both may come again before the time is up (KIP-368).
/// </summary>
/// <param name="edge">Its mechanisms and times.</param>
/// <param name="authenticated">Called when a client has proved who it is, with whether it had done so before on this connection.</param>
internal sealed class SaslGate(BrokerEdge edge, Action<bool> authenticated)
{
    private ISaslExchange? _exchange;
    private DateTimeOffset _openUntil = DateTimeOffset.MinValue;

    public static ApiRange[] Requests { get; } = [new(Api.SaslHandshake, 1, 1), new(Api.SaslAuthenticate, 0, 1)];

    public OwnAnswer Answer(ref RequestReader request) => request.Api == Api.SaslHandshake ? Handshake(ref request) : Authenticate(ref request);

    /// <exception cref="WireViolationException">The client is not authenticated, or is not any more.</exception>
    public void Pass(Api api)
    {
        if (edge.Time.GetUtcNow() >= _openUntil)
        {
            throw new WireViolationException($"{api} comes from a client that has not authenticated{(_openUntil == DateTimeOffset.MinValue ? "" : " again in time")}.");
        }
    }

    private OwnAnswer Handshake(ref RequestReader request)
    {
        request.SkipClientName();
        string name = request.RequiredText();
        request.End();
        bool known = edge.Sasl.TryGetValue(name, out Func<ISaslExchange>? begin);
        _exchange = begin?.Invoke();
        AnswerWriter answer = new AnswerWriter(request.Id).Int16((short)(known ? ErrorCode.NoError : ErrorCode.UnsupportedSaslMechanism)).Int32(edge.Sasl.Count);
        foreach (string one in edge.Sasl.Keys)
        {
            answer.Text(one);
        }

        return new OwnAnswer(answer.ToFrame(), IsLast: !known);
    }

    private OwnAnswer Authenticate(ref RequestReader request)
    {
        request.SkipClientName();
        ReadOnlySpan<byte> message = request.Bytes();
        request.End();
        ISaslExchange exchange = _exchange ?? throw new WireViolationException("SaslAuthenticate comes without a handshake.");
        try
        {
            byte[] answer = exchange.Answer(message);
            return new OwnAnswer(Frame(request, ErrorCode.NoError, null, answer, exchange.IsComplete ? Open(exchange) : TimeSpan.Zero));
        }
        catch (SaslRefusedException refusal)
        {
            return new OwnAnswer(Frame(request, ErrorCode.SaslAuthenticationFailed, refusal.Message, [], TimeSpan.Zero), IsLast: true);
        }
    }

    /// <returns>For how long; zero when for ever.</returns>
    private TimeSpan Open(ISaslExchange exchange)
    {
        _exchange = null;
        authenticated(_openUntil > DateTimeOffset.MinValue);
        if (edge.Reauthentication == TimeSpan.Zero)
        {
            _openUntil = DateTimeOffset.MaxValue;
            return TimeSpan.Zero;
        }

        DateTimeOffset now = edge.Time.GetUtcNow();
        _openUntil = exchange.Expires is { } expires && expires < now + edge.Reauthentication ? expires : now + edge.Reauthentication;
        return _openUntil - now;
    }

    private static byte[] Frame(RequestReader request, ErrorCode error, string? message, byte[] bytes, TimeSpan lifetime)
    {
        AnswerWriter answer = new AnswerWriter(request.Id).Int16((short)error).Text(message).Bytes(bytes);
        return (request.Version == 0 ? answer : answer.Int64((long)lifetime.TotalMilliseconds)).ToFrame();
    }
}
