using Metering.Query.Telemetry;
using Metering.Storage.Postgres;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Metering.Query.Http;

/// <summary>What every request passes: its tenant, its time limit, and the one place that turns failures into problem bodies.</summary>
internal sealed class RequestEdge(
    ITenantResolver tenants, PostgresDatabase postgres, IOptions<QueryOptions> options, TimeProvider clock, QueryMetrics metrics, ILogger<RequestEdge> log)
{
    internal delegate Task<IResult> Handler(HttpContext context, string tenant, CancellationToken cancellationToken);

    public IEndpointConventionBuilder Map(IEndpointRouteBuilder routes, string method, string pattern, Handler handler) =>
        routes.MapMethods(pattern, [method], (RequestDelegate)(context => RunAsync(context, handler)));

    private async Task RunAsync(HttpContext context, Handler handler)
    {
        IResult result = await AnswerAsync(context, handler);
        if (!context.RequestAborted.IsCancellationRequested)
        {
            await result.ExecuteAsync(context);
        }
    }

    private async Task<IResult> AnswerAsync(HttpContext context, Handler handler)
    {
        using CancellationTokenSource timeout = new(options.Value.Timeout, clock);
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, context.RequestAborted);
        try
        {
            return await HandleAsync(context, handler, either.Token);
        }
        catch (RefusedException refusal)
        {
            metrics.Refused(refusal.Status);
            return new Problem(refusal.Status, refusal.Message);
        }
        catch (BadHttpRequestException bad)
        {
            return new Problem(bad.StatusCode, bad.Message);
        }
        catch (Exception failure) when (timeout.IsCancellationRequested)
        {
            log.TimedOut(context.Request.Path, failure);
            return new Problem(StatusCodes.Status504GatewayTimeout, $"No answer within {options.Value.Timeout.TotalSeconds:0} s: ask for a shorter time range or fewer groups.");
        }
        catch (Exception) when (context.RequestAborted.IsCancellationRequested)
        {
            return Results.Empty;
        }
        catch (NpgsqlException away) when (away.IsTransient)
        {
            log.Failed(context.Request.Path, away);
            context.Response.Headers.RetryAfter = "1";
            return new Problem(StatusCodes.Status503ServiceUnavailable, "PostgreSQL does not answer. Try again.");
        }
        catch (Exception failure)
        {
            log.Failed(context.Request.Path, failure);
            return new Problem(StatusCodes.Status500InternalServerError, null);
        }
    }

    /// <summary>
    /// A PostgreSQL that was restarted leaves broken connections in the pool, and each shows only when it is used. So they all go, and a request that
    /// changes nothing is done again.
    /// </summary>
    private async Task<IResult> HandleAsync(HttpContext context, Handler handler, CancellationToken cancellationToken)
    {
        try
        {
            return await HandleOnceAsync(context, handler, cancellationToken);
        }
        catch (NpgsqlException broken) when (broken.IsTransient)
        {
            postgres.Source.Clear();
            if (!HttpMethods.IsGet(context.Request.Method))
            {
                throw;
            }

            return await HandleOnceAsync(context, handler, cancellationToken);
        }
    }

    private async Task<IResult> HandleOnceAsync(HttpContext context, Handler handler, CancellationToken cancellationToken) =>
        await tenants.ResolveAsync(context) is { } tenant
            ? await handler(context, tenant, cancellationToken)
            : new Problem(StatusCodes.Status401Unauthorized, "This request needs a valid API key: send 'Authorization: Bearer <key>'.");
}
