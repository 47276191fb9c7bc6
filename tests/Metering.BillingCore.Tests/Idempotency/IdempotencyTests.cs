using Metering.BillingCore.Tests.Testing;
using Xunit;

namespace Metering.BillingCore.Tests.Idempotency;

/// <summary>A request with a key has its effect once, whatever the client has to do to hear of it.</summary>
public sealed class IdempotencyTests(Engines engines)
{
    private const string Path = "/v1/products/api";
    private const string Body = """{"name":"API"}""";

    [Fact]
    public async Task The_same_request_again_gets_the_same_answer()
    {
        await using BillingHost host = await BillingHost.StartAsync(engines);
        Answered first = await host.SendAsync("PUT", Path, Body, ("Idempotency-Key", "k1"));
        Answered second = await host.SendAsync("PUT", Path, Body, ("Idempotency-Key", "k1"));
        Assert.Equal(201, first.Status);
        Assert.Equal(first, second);
        Assert.Equal("\"1\"", (await host.SendAsync("GET", Path)).ETag);
    }

    [Fact]
    public async Task A_key_belongs_to_one_request()
    {
        await using BillingHost host = await BillingHost.StartAsync(engines);
        await host.SendAsync("PUT", Path, Body, ("Idempotency-Key", "k1"));
        Assert.Equal(422, (await host.SendAsync("PUT", Path, """{"name":"Other"}""", ("Idempotency-Key", "k1"))).Status);
        Assert.Equal(422, (await host.SendAsync("PUT", "/v1/products/other", Body, ("Idempotency-Key", "k1"))).Status);
        Assert.Equal(422, (await host.SendAsync("DELETE", Path, null, ("Idempotency-Key", "k1"))).Status);
        Assert.Equal(400, (await host.SendAsync("PUT", Path, Body, ("Idempotency-Key", new string('x', 256)))).Status);
    }

    [Fact]
    public async Task A_refusal_is_kept_too_and_what_it_did_is_not()
    {
        await using BillingHost host = await BillingHost.StartAsync(engines);
        Answered refused = await host.SendAsync("DELETE", Path, null, ("Idempotency-Key", "k1"));
        Assert.Equal(404, refused.Status);
        await host.SendAsync("PUT", Path, Body);
        Answered again = await host.SendAsync("DELETE", Path, null, ("Idempotency-Key", "k1"));
        Assert.Equal(refused, again);
        Assert.Equal(200, (await host.SendAsync("GET", Path)).Status);
    }

    [Fact]
    public async Task Many_at_once_have_one_effect()
    {
        await using BillingHost host = await BillingHost.StartAsync(engines);
        Answered[] answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => host.SendAsync("PUT", Path, Body, ("Idempotency-Key", "k1"))));
        Assert.All(answers, answer => Assert.Contains(answer.Status, new[] { 201, 409 }));
        Assert.Single(answers.Where(answer => answer.Status == 201).Distinct());
        Assert.Equal("\"1\"", (await host.SendAsync("GET", Path)).ETag);
        Assert.Equal(201, (await host.SendAsync("PUT", Path, Body, ("Idempotency-Key", "k1"))).Status);
    }

    [Fact]
    public async Task Keys_of_tenants_do_not_meet()
    {
        await using BillingHost one = await BillingHost.StartAsync(engines);
        await using BillingHost other = await BillingHost.StartAsync(engines);
        Assert.Equal(201, (await one.SendAsync("PUT", Path, Body, ("Idempotency-Key", "k1"))).Status);
        Assert.Equal(201, (await other.SendAsync("PUT", Path, """{"name":"Other"}""", ("Idempotency-Key", "k1"))).Status);
    }
}
