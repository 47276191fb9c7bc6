using System.Text.Json;
using System.Text.RegularExpressions;
using Metering.BillingCore.Tests.Testing;
using Microsoft.AspNetCore.Routing;
using Xunit;

namespace Metering.BillingCore.Tests.Http;

/// <summary>The description is written by hand; here it is held to what is served.</summary>
public sealed partial class OpenApiTests(Engines engines)
{
    [Fact]
    public async Task Every_route_is_described_and_every_description_is_served()
    {
        await using BillingHost host = await BillingHost.StartAsync(engines);
        JsonElement document = (await host.SendAsync("GET", "/openapi.json")).Json;
        IEnumerable<string> described = document.GetProperty("paths").EnumerateObject()
            .SelectMany(path => path.Value.EnumerateObject().Where(operation => operation.Name != "parameters").Select(operation => $"{operation.Name.ToUpperInvariant()} {path.Name}"));
        IEnumerable<string> served = host.Routes.Where(route => route.RoutePattern.RawText!.StartsWith("/v1/", StringComparison.Ordinal))
            .SelectMany(route => route.Metadata.GetMetadata<HttpMethodMetadata>()!.HttpMethods.Select(method => $"{method} {route.RoutePattern.RawText}"));
        Assert.Equal(served.Order(StringComparer.Ordinal), described.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Every_reference_leads_somewhere_and_every_parameter_of_a_path_is_described()
    {
        await using BillingHost host = await BillingHost.StartAsync(engines);
        JsonElement document = (await host.SendAsync("GET", "/openapi.json")).Json;
        foreach (string reference in References(document).Distinct())
        {
            JsonElement at = document;
            foreach (string step in reference.TrimStart('#').Split('/', StringSplitOptions.RemoveEmptyEntries))
            {
                Assert.True(at.TryGetProperty(step, out at), reference);
            }
        }

        foreach (JsonProperty path in document.GetProperty("paths").EnumerateObject())
        {
            string parameters = path.Value.TryGetProperty("parameters", out JsonElement given) ? given.GetRawText() : "";
            Assert.All(Parameter().Matches(path.Name), match => Assert.Contains($"/{match.Groups[1].Value}\"", parameters, StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task The_page_to_browse_it_needs_no_other_server()
    {
        await using BillingHost host = await BillingHost.StartAsync(engines);
        Answered page = await host.SendAsync("GET", "/docs/");
        Assert.Equal(200, page.Status);
        Assert.DoesNotMatch(ForeignScript(), page.Text);
    }

    private static IEnumerable<string> References(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Object => element.EnumerateObject().SelectMany(field => field.Name == "$ref" ? [field.Value.GetString()!] : References(field.Value)),
        JsonValueKind.Array => element.EnumerateArray().SelectMany(References),
        _ => [],
    };

    [GeneratedRegex(@"\{(\w+)\}")]
    private static partial Regex Parameter();

    [GeneratedRegex("<script[^>]+src=\"https?:")]
    private static partial Regex ForeignScript();
}
