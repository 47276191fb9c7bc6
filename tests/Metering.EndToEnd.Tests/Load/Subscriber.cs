using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using Metering.EndToEnd.Tests.Running;
using Xunit;

namespace Metering.EndToEnd.Tests.Load;

/// <summary>Makes customers and subscribes them, one after the other. Whatever it is not sure of it asks for again, under the same key. Safe for concurrent use.</summary>
/// <param name="start">Of every subscription.</param>
/// <param name="most">Customers.</param>
internal sealed class Subscriber(MeteringClient client, DateTimeOffset start, int most)
{
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(50);

    private readonly ConcurrentBag<string> _subscribed = [];
    private int _next = -1;
    private int _inDoubt;

    /// <summary>Customers whose subscription was acknowledged.</summary>
    public IReadOnlyCollection<string> Subscribed => _subscribed;

    /// <summary>Requests that broke, so that nobody knows what became of them.</summary>
    public int InDoubt => Volatile.Read(ref _inDoubt);

    public static string Name(int n) => string.Create(CultureInfo.InvariantCulture, $"customer-{n}");

    public static int Number(string name) => int.Parse(name.AsSpan(name.LastIndexOf('-') + 1), CultureInfo.InvariantCulture);

    /// <summary>Until it is told to stop, or there are no more; the customer that was begun gets its subscription all the same.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested && Interlocked.Increment(ref _next) is var n && n < most)
        {
            string name = Name(n);
            await UntilDoneAsync(HttpMethod.Put, $"/v1/customers/{name}", $$"""{"name":"{{name}}"}""");
            await UntilDoneAsync(HttpMethod.Put, $"/v1/customers/{name}/subjects/{name}", "{}");

            await UntilDoneAsync(
                HttpMethod.Post, "/v1/subscriptions", $$"""{"customer":"{{name}}","price_book":"standard","plan":"weekly","start":"{{start.UtcDateTime:yyyy-MM-dd'T'HH:mm:ss'Z'}}"}""", name);
            _subscribed.Add(name);
        }
    }

    private async Task UntilDoneAsync(HttpMethod method, string path, string body, string? key = null)
    {
        while (true)
        {
            try
            {
                using HttpResponseMessage response = await client.SendAsync(method, path, body, key: key);
                if (response.IsSuccessStatusCode)
                {
                    return;
                }

                Assert.True(response.StatusCode >= HttpStatusCode.InternalServerError, $"{method} {path}: {await response.Content.ReadAsStringAsync()}");
            }
            catch (HttpRequestException gone) when (gone.HttpRequestError == HttpRequestError.ConnectionError)
            {
                await Task.Delay(s_pause);
                continue;
            }
            catch (HttpRequestException)
            {
                // It died before its answer.
            }

            Interlocked.Increment(ref _inDoubt);
            await Task.Delay(s_pause);
        }
    }
}
