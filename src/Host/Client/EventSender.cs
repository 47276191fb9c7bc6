using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;

namespace Metering.Host.Client;

/// <param name="Accepted">Durable.</param>
/// <param name="Rejected">Refused for what they are; sending them again changes nothing.</param>
internal readonly record struct SendResult(int Accepted, IReadOnlyList<Rejection> Rejected);

/// <summary>
/// Sends batches of events until they are acknowledged. Overload, an unavailable log and a broken connection leave a batch in doubt, and sending it
/// again is always safe, because identity is (tenant, source, id). Safe for concurrent use.
/// </summary>
/// <param name="patience">How long one batch is tried before the last problem is thrown.</param>
internal sealed class EventSender(MeteringClient client, TimeProvider time, TimeSpan patience)
{
    private static readonly TimeSpan s_firstDelay = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan s_longestDelay = TimeSpan.FromSeconds(10);

    private int _retries;

    /// <summary>How often a batch had to be sent again.</summary>
    public int Retries => Volatile.Read(ref _retries);

    /// <param name="ndjson">One event a line.</param>
    /// <exception cref="ServerException">Refused as a whole, or not acknowledged in time.</exception>
    public Task<SendResult> SendAsync(ReadOnlyMemory<byte> ndjson, CancellationToken cancellationToken) => SendAsync("v1/events", "application/x-ndjson", ndjson, cancellationToken);

    /// <inheritdoc cref="SendAsync(ReadOnlyMemory{byte}, CancellationToken)"/>
    public async Task<SendResult> SendAsync(string path, string contentType, ReadOnlyMemory<byte> body, CancellationToken cancellationToken)
    {
        long started = time.GetTimestamp();
        TimeSpan delay = s_firstDelay;
        while (true)
        {
            (SendResult? result, ServerException? problem, TimeSpan? retryAfter) = await TryAsync(path, contentType, body, cancellationToken);
            if (result is { } done)
            {
                return done;
            }

            if (time.GetElapsedTime(started) + delay > patience)
            {
                throw problem!;
            }

            Interlocked.Increment(ref _retries);
            await Task.Delay(retryAfter ?? delay, time, cancellationToken);
            delay = delay * 2 < s_longestDelay ? delay * 2 : s_longestDelay;
        }
    }

    private async Task<(SendResult? Result, ServerException? Problem, TimeSpan? RetryAfter)> TryAsync(
        string path, string contentType, ReadOnlyMemory<byte> body, CancellationToken cancellationToken)
    {
        try
        {
            using HttpRequestMessage request = new(HttpMethod.Post, path) { Content = new ReadOnlyMemoryContent(body) };
            request.Content.Headers.ContentType = new MediaTypeHeaderValue(contentType);
            using HttpResponseMessage response = await client.SendAsync(request, cancellationToken);
            string text = await response.Content.ReadAsStringAsync(cancellationToken);
            return response.StatusCode switch
            {
                HttpStatusCode.OK => (Accepted(text), null, null),
                HttpStatusCode.BadRequest when NothingAccepted(text) is { } refused => (refused, null, null),
                HttpStatusCode.TooManyRequests or HttpStatusCode.ServiceUnavailable or HttpStatusCode.BadGateway or HttpStatusCode.GatewayTimeout =>
                    (null, Problems.Refusal(response, text), response.Headers.RetryAfter?.Delta),
                _ => throw Problems.Refusal(response, text),
            };
        }
        catch (ServerException unreachable) when (unreachable.Status is null)
        {
            return (null, unreachable, null);
        }
        catch (Exception broken) when (broken is HttpRequestException or IOException)
        {
            return (null, new ServerException($"The connection to {client.Server} broke: {broken.Message}", null), null);
        }
    }

    private static SendResult Accepted(string text)
    {
        using JsonDocument answer = JsonDocument.Parse(text);
        return new SendResult(answer.RootElement.GetProperty("accepted").GetInt32(), Rejection.ListOf(answer.RootElement));
    }

    /// <summary>A batch whose every event was refused is a problem to HTTP, and a result like any other here.</summary>
    private static SendResult? NothingAccepted(string text)
    {
        using JsonDocument? problem = Problems.TryParse(text);
        IReadOnlyList<Rejection> rejected = problem is null ? [] : Rejection.ListOf(problem.RootElement);
        return rejected.Count > 0 ? new SendResult(0, rejected) : null;
    }
}
