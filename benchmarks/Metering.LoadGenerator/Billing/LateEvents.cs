using System.Globalization;
using System.Text;

namespace Metering.LoadGenerator.Billing;

/// <summary>Events of the last days of a month that was billed, of all subscriptions and meters in turn, sent as anybody sends them.</summary>
internal sealed class LateEvents(HttpClient http, SqlClient clickHouse, IReadOnlyList<string> meters)
{
    private const int BatchSize = 1000;
    private const int Senders = 4;
    private static readonly TimeSpan s_poll = TimeSpan.FromMilliseconds(500);

    /// <summary>Returns when they are in windows of seals.</summary>
    /// <param name="monthEnd">Exclusive. The last days, because what is older than the horizon would be history and wait for approval.</param>
    public async Task SendAsync(int subscriptions, int count, DateTimeOffset monthEnd, CancellationToken cancellationToken)
    {
        long before = await CountedAsync(cancellationToken);
        ParallelOptions parallel = new() { MaxDegreeOfParallelism = Senders, CancellationToken = cancellationToken };
        await Parallel.ForAsync(0, (count + BatchSize - 1) / BatchSize, parallel, async (batch, token) =>
        {
            int first = batch * BatchSize;
            using StringContent body = new(Body(first, Math.Min(BatchSize, count - first), subscriptions, monthEnd), Encoding.UTF8, "application/json");
            using HttpResponseMessage response = await http.PostAsync(new Uri("v1/events", UriKind.Relative), body, token);
            response.EnsureSuccessStatusCode();
        });
        while (await CountedAsync(cancellationToken) < before + count)
        {
            await Task.Delay(s_poll, cancellationToken);
        }
    }

    private string Body(int first, int count, int subscriptions, DateTimeOffset monthEnd) =>
        $"[{string.Join(',', Enumerable.Range(first, count).Select(i => Event(i, subscriptions, monthEnd)))}]";

    /// <summary>One in each minute of a subscription and meter, backwards from the month's end.</summary>
    private string Event(int i, int subscriptions, DateTimeOffset monthEnd)
    {
        string meter = meters[i % meters.Count];
        int subscription = i / meters.Count % subscriptions;
        DateTimeOffset time = monthEnd.AddMinutes(-1 - (i / meters.Count / subscriptions));
        return string.Create(
            CultureInfo.InvariantCulture,
            $$$"""{"id":"late-{{{i}}}","source":"bench","type":"{{{meter}}}","subject":"bench-{{{subscription}}}","time":"{{{time:yyyy-MM-dd'T'HH:mm:ss'Z'}}}","data":{"value":{{{(i % 97) + 1}}}}}""");
    }

    private Task<long> CountedAsync(CancellationToken cancellationToken) => clickHouse.ScalarAsync("SELECT toInt64(sum(n)) FROM usage_window FINAL", cancellationToken);
}
