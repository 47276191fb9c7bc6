using System.Security.Cryptography;
using System.Text;
using Metering.Billing.Postgres.Idempotency;
using Metering.Billing.Postgres.Tenancy;
using Metering.Storage.Postgres;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Metering.BillingCore.Http;

/// <summary>
/// What every request passes: its tenant, its limits, its transaction, its idempotency key, and the one place that turns failures into problem bodies.
/// </summary>
internal sealed partial class BillingEdge(ITenantResolver tenants, TenantDatabase database, PostgresDatabase postgres, IOptions<BillingOptions> options, TimeProvider time, ILogger<BillingEdge> logger)
{
    private const string KeyHeader = "Idempotency-Key";
    private const int MaxKeyLength = 255;
    private const int MaxAttempts = 3;

    internal delegate Task<Answer> Handler(BillingRequest request);

    /// <summary>Answers from the body alone: nothing is read or stored.</summary>
    internal delegate Answer PureHandler(HttpContext context, ReadOnlyMemory<byte> body);

    /// <summary>Writes its answer as it goes, for what is too long to be held. Whatever it refuses it refuses before the first byte.</summary>
    internal delegate Task StreamHandler(HttpContext context, string tenant, DateTimeOffset now);

    private delegate Task<Answer> Work(HttpContext context, string tenant, byte[] body);

    public void Map(IEndpointRouteBuilder routes, string method, string pattern, Handler handler) =>
        Map(routes, method, pattern, (context, tenant, body) => InTransactionAsync(context, tenant, body, handler));

    public void MapPure(IEndpointRouteBuilder routes, string pattern, PureHandler handler) =>
        Map(routes, HttpMethods.Post, pattern, (context, _, body) => Task.FromResult(handler(context, body)));

    public void MapStream(IEndpointRouteBuilder routes, string pattern, StreamHandler handler) => Map(routes, HttpMethods.Get, pattern, async (context, tenant, _) =>
    {
        await handler(context, tenant, time.GetUtcNow());
        return Answer.Streamed;
    });

    private void Map(IEndpointRouteBuilder routes, string method, string pattern, Work work)
    {
        Task Run(HttpContext context) => RunAsync(context, work);
        routes.MapMethods(pattern, [method], (RequestDelegate)Run);
    }

    private async Task RunAsync(HttpContext context, Work work)
    {
        Answer answer = await AnswerAsync(context, work);
        if (context.Response.HasStarted && answer != Answer.Streamed)
        {
            context.Abort(); // half an answer must not look like a whole one
        }
        else if (answer != Answer.Streamed && !context.RequestAborted.IsCancellationRequested)
        {
            await answer.WriteAsync(context.Response, context.RequestAborted);
        }
    }

    private async Task<Answer> AnswerAsync(HttpContext context, Work work)
    {
        try
        {
            return await tenants.ResolveAsync(context) is { } tenant
                ? await work(context, tenant, await ReadBodyAsync(context))
                : Answer.Problem(context, StatusCodes.Status401Unauthorized, "This request needs a valid API key: send 'Authorization: Bearer <key>'.");
        }
        catch (RefusedException refusal)
        {
            return Answer.Problem(context, refusal.Status, refusal.Message, refusal.Problems);
        }
        catch (BadHttpRequestException bad)
        {
            return Answer.Problem(context, bad.StatusCode, bad.Message);
        }
        catch (Exception) when (context.RequestAborted.IsCancellationRequested)
        {
            return Answer.NoContent;
        }
        catch (NpgsqlException away) when (away.IsTransient)
        {
            // A PostgreSQL that was restarted leaves broken connections in the pool, and each shows only when it is used.
            postgres.Source.Clear();
            LogFailed(context.Request.Path, away);
            context.Response.Headers.RetryAfter = "1";
            return Answer.Problem(context, StatusCodes.Status503ServiceUnavailable, "PostgreSQL does not answer. Try again; with the same Idempotency-Key nothing happens twice.");
        }
        catch (HttpRequestException away)
        {
            LogFailed(context.Request.Path, away);
            context.Response.Headers.RetryAfter = "1";
            return Answer.Problem(context, StatusCodes.Status503ServiceUnavailable, "ClickHouse does not answer. Try again.");
        }
        catch (Exception failure)
        {
            LogFailed(context.Request.Path, failure);
            return Answer.Problem(context, StatusCodes.Status500InternalServerError, null);
        }
    }

    private async Task<byte[]> ReadBodyAsync(HttpContext context)
    {
        int limit = options.Value.MaxBodyBytes;
        if (context.Request.ContentLength > limit)
        {
            throw new RefusedException(StatusCodes.Status413PayloadTooLarge, $"The body is larger than {limit} bytes.");
        }

        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } feature)
        {
            feature.MaxRequestBodySize = limit;
        }

        using MemoryStream body = new();
        await context.Request.Body.CopyToAsync(body, context.RequestAborted);
        return body.ToArray();
    }

    /// <summary>Two changes that ran into each other are sorted out by PostgreSQL: one of them is done again.</summary>
    private async Task<Answer> InTransactionAsync(HttpContext context, string tenant, byte[] body, Handler handler)
    {
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                return await OnceAsync(context, tenant, body, handler);
            }
            catch (PostgresException clash) when (clash.SqlState is PostgresErrorCodes.SerializationFailure or PostgresErrorCodes.DeadlockDetected && attempt < MaxAttempts)
            {
                LogAgain(context.Request.Path, clash.SqlState);
            }
        }
    }

    private async Task<Answer> OnceAsync(HttpContext context, string tenant, byte[] body, Handler handler)
    {
        CancellationToken aborted = context.RequestAborted;
        await using TenantTransaction transaction = await database.BeginAsync(tenant, aborted);
        if (KeyOf(context) is not { } key)
        {
            Answer plain = await handler(new BillingRequest(context, transaction, body, time.GetUtcNow()));
            await transaction.CommitAsync(CancellationToken.None);
            return plain;
        }

        byte[] request = HashOf(context.Request, body);
        (ClaimOutcome outcome, StoredAnswer? stored) = await IdempotencyKeys.ClaimAsync(transaction, key, request, aborted);
        switch (outcome)
        {
            case ClaimOutcome.Answered:
                return Answer.Of(stored!);
            case ClaimOutcome.Running:
                throw RefusedException.Conflict($"A request with this {KeyHeader} is being worked on. Try again.");
            case ClaimOutcome.Conflicting:
                throw new RefusedException(StatusCodes.Status422UnprocessableEntity, $"This {KeyHeader} was used for another request.");
        }

        await transaction.SaveAsync(aborted);
        Answer answer = await HandleAsync(context, transaction, body, handler);
        if (answer.Status is not (StatusCodes.Status409Conflict or StatusCodes.Status429TooManyRequests))
        {
            await IdempotencyKeys.StoreAsync(transaction, key, request, answer.ToStored(), time.GetUtcNow(), aborted);
        }

        await transaction.CommitAsync(CancellationToken.None);
        return answer;
    }

    /// <summary>A refusal is an answer too, and is kept under the key; what was done before it is undone.</summary>
    private async Task<Answer> HandleAsync(HttpContext context, TenantTransaction transaction, byte[] body, Handler handler)
    {
        try
        {
            return await handler(new BillingRequest(context, transaction, body, time.GetUtcNow()));
        }
        catch (RefusedException refusal)
        {
            await transaction.UndoAsync(context.RequestAborted);
            return Answer.Problem(context, refusal.Status, refusal.Message, refusal.Problems);
        }
    }

    private static string? KeyOf(HttpContext context)
    {
        string key = context.Request.Headers[KeyHeader].ToString();
        if (key.Length == 0 || HttpMethods.IsGet(context.Request.Method))
        {
            return null;
        }

        return key.Length <= MaxKeyLength && key.All(letter => letter is > ' ' and < '\x7f')
            ? key
            : throw RefusedException.BadRequest($"{KeyHeader} must be at most {MaxKeyLength} visible ASCII characters.");
    }

    private static byte[] HashOf(HttpRequest request, byte[] body)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes($"{request.Method} {request.Path}{request.QueryString}\n"));
        hash.AppendData(body);
        return hash.GetHashAndReset();
    }

    [LoggerMessage(6001, LogLevel.Error, "{Path} failed")]
    private partial void LogFailed(string path, Exception exception);

    [LoggerMessage(6002, LogLevel.Information, "{Path} ran into another change ({State}) and is done again")]
    private partial void LogAgain(string path, string state);
}
