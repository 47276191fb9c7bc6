using System.Net;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Metering.Testing.Kafka.Tokens;

/// <summary>Gives tokens for client credentials over https: RFC 6749, section 4.4, with the refusals of section 5.2.</summary>
public sealed class TokenEndpoint : IAsyncDisposable
{
    private readonly WebApplication _application;
    private readonly TokenSigner _signer;
    private readonly string _credentials;
    private readonly string _scope;
    private int _given;

    private TokenEndpoint(X509Certificate2 certificate, TokenSigner signer, string client, string secret, string scope)
    {
        _signer = signer;
        _credentials = "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes($"{client}:{secret}"));
        _scope = scope;
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddRoutingCore();
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps(certificate)));
        _application = builder.Build();
        _application.MapPost("/token", GiveAsync);
    }

    public string Address => _application.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single() + "/token";

    /// <summary>How long its tokens are good for. Default five minutes.</summary>
    public TimeSpan Lifetime { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>Tokens given so far.</summary>
    public int Given => Volatile.Read(ref _given);

    public static async Task<TokenEndpoint> StartAsync(X509Certificate2 certificate, TokenSigner signer, string client, string secret, string scope)
    {
        TokenEndpoint endpoint = new(certificate, signer, client, secret, scope);
        await endpoint._application.StartAsync();
        return endpoint;
    }

    public ValueTask DisposeAsync() => _application.DisposeAsync();

    private async Task GiveAsync(HttpContext context)
    {
        IFormCollection form = await context.Request.ReadFormAsync();
        (int status, object answer) = (form["grant_type"], form["scope"], context.Request.Headers.Authorization) switch
        {
            (_, _, var shown) when shown != _credentials => (StatusCodes.Status401Unauthorized, Refusal("invalid_client")),
            (var grant, _, _) when grant != "client_credentials" => (StatusCodes.Status400BadRequest, Refusal("unsupported_grant_type")),
            (_, var scope, _) when scope != _scope => (StatusCodes.Status400BadRequest, Refusal("invalid_scope")),
            _ => (StatusCodes.Status200OK, Token()),
        };
        context.Response.StatusCode = status;
        await context.Response.WriteAsJsonAsync(answer);
    }

    private object Token()
    {
        Interlocked.Increment(ref _given);
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        return new { access_token = _signer.Sign(new Token("metering", _scope, now + Lifetime), now), token_type = "Bearer", expires_in = (int)Lifetime.TotalSeconds };
    }

    private static object Refusal(string error) => new { error };
}
