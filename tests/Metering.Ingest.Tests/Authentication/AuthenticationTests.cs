using System.Net;
using Metering.Ingest.Tests.Support;
using Metering.Ingest.Validation;
using Xunit;

namespace Metering.Ingest.Tests.Authentication;

public class AuthenticationTests
{
    [Theory]
    [InlineData("/api/v1/events")]
    [InlineData("/v1/events")]
    [InlineData("/v1/events/void")]
    public async Task Without_a_key_where_one_is_required_the_answer_is_401(string path)
    {
        await using IngestServer server = await IngestServer.StartAsync(options => options.RequireApiKey = true);
        Answer answer = await server.PostAsync(path, Events.Json());
        Assert.Equal((HttpStatusCode.Unauthorized, "application/problem+json", Codes.Unauthorized), (answer.Status, answer.ContentType, answer.Code));
        Assert.Equal("Bearer", answer.WwwAuthenticate);
        Assert.Empty(server.Topic.Records);
    }

    [Theory]
    [InlineData("Authorization", "Bearer mtr_good")]
    [InlineData("Authorization", "bearer  mtr_good")]
    [InlineData("X-API-Key", "mtr_good")]
    public async Task A_good_key_names_the_tenant(string header, string value)
    {
        await using IngestServer server = await IngestServer.StartAsync(options => options.RequireApiKey = true);
        Answer answer = await server.PostAsync("/v1/events", Events.Json(), configure: r => r.Headers.TryAddWithoutValidation(header, value));
        Assert.Equal(HttpStatusCode.OK, answer.Status);
        Assert.Equal("acme", Assert.Single(server.Topic.Records).Tenant);
    }

    [Theory]
    [InlineData("Authorization", "Bearer mtr_bad")]
    [InlineData("Authorization", "Bearer ")]
    [InlineData("Authorization", "Basic abc")]
    [InlineData("X-API-Key", "mtr_bad")]
    public async Task A_wrong_key_is_401_even_where_none_is_required(string header, string value)
    {
        await using IngestServer server = await IngestServer.StartAsync();
        Answer answer = await server.PostAsync("/v1/events", Events.Json(), configure: r => r.Headers.TryAddWithoutValidation(header, value));
        Assert.Equal(HttpStatusCode.Unauthorized, answer.Status);
    }

    [Theory]
    [InlineData(null, "default")]
    [InlineData("team-1", "team-1")]
    public async Task Without_keys_the_tenant_is_default_or_the_named_one(string? named, string expected)
    {
        await using IngestServer server = await IngestServer.StartAsync();
        await server.PostAsync("/v1/events", Events.Json(), configure: r => r.Headers.TryAddWithoutValidation("X-Metering-Tenant", named));
        Assert.Equal(expected, Assert.Single(server.Topic.Records).Tenant);
    }

    [Fact]
    public async Task The_tenant_header_does_nothing_where_keys_are_required_and_must_be_a_name()
    {
        await using IngestServer strict = await IngestServer.StartAsync(options => options.RequireApiKey = true);
        await strict.PostAsync("/v1/events", Events.Json(), configure: r =>
        {
            r.Headers.Add("X-API-Key", FakeApiKeys.GoodKey);
            r.Headers.Add("X-Metering-Tenant", "other");
        });
        Assert.Equal("acme", Assert.Single(strict.Topic.Records).Tenant);

        await using IngestServer server = await IngestServer.StartAsync();
        Answer answer = await server.PostAsync("/v1/events", Events.Json(), configure: r => r.Headers.Add("X-Metering-Tenant", "a b"));
        Assert.Equal((HttpStatusCode.BadRequest, Codes.InvalidTenant), (answer.Status, answer.Code));
    }

    [Fact]
    public async Task When_keys_cannot_be_checked_the_answer_is_503()
    {
        await using IngestServer server = await IngestServer.StartAsync();
        server.Keys.Down = true;
        Answer answer = await server.PostAsync("/v1/events", Events.Json(), configure: r => r.Headers.Add("X-API-Key", "any"));
        Assert.Equal((HttpStatusCode.ServiceUnavailable, Codes.KeysUnavailable), (answer.Status, answer.Code));
    }
}
