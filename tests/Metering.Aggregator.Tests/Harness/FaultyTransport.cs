using System.Text.RegularExpressions;

namespace Metering.Aggregator.Tests.Harness;

/// <summary>When a request to ClickHouse goes wrong: before it is sent, or after the server has done it and before we know.</summary>
public enum Moment
{
    Before,
    After,
}

/// <summary>
/// The road to ClickHouse, with faults: the n-th request is lost on the way there or on the way back. After a crash nothing goes through any
/// more, as if the process were dead. Every store call of the flush and of the seal has a request of ClickHouse before and after it, so
/// crashing at each request, before and after, is crashing between any two steps.
/// </summary>
public sealed partial class FaultyTransport() : DelegatingHandler(new SocketsHttpHandler())
{
    private int _requests;
    private volatile bool _dead;

    /// <summary>Which request goes wrong, counted from 1; 0 for none.</summary>
    public int FaultAt { get; set; }

    public Moment Moment { get; set; }

    /// <summary>Whether the fault is the end of this process, rather than one lost request.</summary>
    public bool Crashes { get; set; }

    /// <summary>Only requests whose statement matches are counted.</summary>
    public Func<string, bool> Counts { get; set; } = _ => true;

    /// <summary>Every statement that came by, and how often.</summary>
    public System.Collections.Concurrent.ConcurrentDictionary<string, int> Seen { get; } = new();

    /// <summary>Makes the next request that counts go wrong.</summary>
    public void Arm() => FaultAt = Volatile.Read(ref _requests) + 1;

    /// <summary>What the request was that went wrong.</summary>
    public string? FaultHit { get; private set; }

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        if (_dead)
        {
            throw new HttpRequestException("The process is dead.");
        }

        string statement = await StatementAsync(request);
        Seen.AddOrUpdate(statement, 1, (_, count) => count + 1);
        bool faulty = Counts(statement) && Interlocked.Increment(ref _requests) == FaultAt;
        if (!faulty)
        {
            return await base.SendAsync(request, cancellationToken);
        }

        if (Moment == Moment.After)
        {
            using HttpResponseMessage lost = await base.SendAsync(request, cancellationToken);
            await lost.Content.ReadAsByteArrayAsync(cancellationToken);
        }

        FaultHit = $"{Moment} {statement}";
        _dead = Crashes;
        throw new HttpRequestException($"Lost {FaultHit}.");
    }

    /// <summary>The kind of statement and its table: <c>insert usage_raw</c>.</summary>
    private static async Task<string> StatementAsync(HttpRequestMessage request)
    {
        string sql = Uri.UnescapeDataString(request.RequestUri!.Query.Replace('+', ' '));
        if (request.Content is not null)
        {
            await request.Content.LoadIntoBufferAsync();
            byte[] body = await request.Content.ReadAsByteArrayAsync();
            sql += Text(body);
        }

        Match insert = Insert().Match(sql);
        if (insert.Success)
        {
            return $"insert {insert.Groups[1].Value}";
        }

        Match select = From().Match(sql);
        return select.Success ? $"select {select.Groups[1].Value}" : "other";
    }

    private static string Text(byte[] body)
    {
        if (body is [0x1F, 0x8B, ..])
        {
            using System.IO.Compression.GZipStream stream = new(new MemoryStream(body), System.IO.Compression.CompressionMode.Decompress);
            using StreamReader reader = new(stream);
            return reader.ReadToEnd();
        }

        return System.Text.Encoding.Latin1.GetString(body);
    }

    [GeneratedRegex(@"INSERT INTO `?(\w+)", RegexOptions.IgnoreCase)]
    private static partial Regex Insert();

    [GeneratedRegex(@"FROM (\w+)", RegexOptions.IgnoreCase)]
    private static partial Regex From();
}
