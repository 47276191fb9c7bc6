using System.Net;
using System.Text.Json;
using Metering.EndToEnd.Tests.Running;
using Xunit;

namespace Metering.EndToEnd.Tests.Load;

/// <summary>Sends batch after batch. What fails is sent again with the same ids, as a client does, but for some that it gives up.</summary>
internal sealed class HttpSender(MeteringClient client, SentRecords records, EventMaker maker, int seed, TimeSpan pause)
{
    private readonly Random _random = new(seed);

    /// <summary>Requests whose outcome the sender never learnt.</summary>
    public int InDoubt { get; private set; }

    public async Task RunAsync(CancellationToken stop)
    {
        Batch? again = null;
        while (!stop.IsCancellationRequested)
        {
            Batch batch = again ?? maker.Next(client.Now());
            records.Sending(batch.Names);
            again = await TrySendAsync(batch) || !maker.SendsAgain || _random.Next(10) == 0 ? null : batch;
            await Task.Delay(again is null ? pause : TimeSpan.FromMilliseconds(50), CancellationToken.None);
        }
    }

    /// <summary>The ids of what was not taken. Only a clock that was changed is a reason for that.</summary>
    private HashSet<string> Refused(string answer)
    {
        JsonElement[] rejected = [.. JsonSerializer.Deserialize<JsonElement>(answer).GetProperty("rejected").EnumerateArray()];
        Assert.True(Array.TrueForAll(rejected, one => client.HasFakeClock && one.GetProperty("code").GetString() == "time_in_future"), answer);
        return [.. rejected.Select(one => one.GetProperty("id").GetString()!)];
    }

    private async Task<bool> TrySendAsync(Batch batch)
    {
        try
        {
            using HttpResponseMessage response = await client.SendAsync(HttpMethod.Post, batch.Path, batch.Json);
            string text = await response.Content.ReadAsStringAsync();
            if (response.StatusCode is HttpStatusCode.ServiceUnavailable or HttpStatusCode.TooManyRequests)
            {
                InDoubt++;
                return false;
            }

            bool isBetweenClocks = client.HasFakeClock && response.StatusCode == HttpStatusCode.BadRequest; // the sender's has jumped already: all of it is in the future
            Assert.True(response.StatusCode == HttpStatusCode.OK || isBetweenClocks, $"{(int)response.StatusCode} {text}");
            HashSet<string> refused = Refused(text);
            records.Acknowledge(batch.Names.Where(name => !refused.Contains(name.Split(' ')[2])));
            return true;
        }
        catch (Exception broken) when (broken is HttpRequestException or IOException or OperationCanceledException)
        {
            InDoubt++;
            return false;
        }
    }
}
