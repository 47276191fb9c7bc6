using System.Text.Json;
using Metering.BillingCore.Tests.Testing;

namespace Metering.BillingCore.Tests.Simulations;

/// <summary>Price books with two versions, and simulations of January 2024.</summary>
internal static class Simulated
{
    /// <summary>Makes product, book and both versions: the first is published, the second stays a draft.</summary>
    /// <param name="old">The plan's components, as JSON.</param>
    /// <param name="commitments">Of both versions.</param>
    public static async Task AddBookAsync(this BillingHost host, string old, string @new, string commitments = "")
    {
        await host.OkAsync("PUT", "/v1/products/api", """{"name":"API"}""");
        await host.OkAsync("PUT", "/v1/price-books/book/draft", Book(old, commitments));
        await host.OkAsync("POST", "/v1/price-books/book/versions/1/publish");
        await host.OkAsync("PUT", "/v1/price-books/book/draft", Book(@new, commitments));
    }

    public static string PerUnit(string meter, string unit, string more = "") =>
        $$$"""{"key":"{{{meter}}}","meter":"{{{meter}}}"{{{more}}},"price":{"model":"per_unit","unit":"{{{unit}}}"}}""";

    /// <param name="more">Further fields, each beginning with a comma.</param>
    public static string Request(string more = "") => $$"""{"price_book":"book","version":2,"plan":"pro","period":["2024-01-10T00:00:00Z","2024-01-20T00:00:00Z"]{{more}}}""";

    public static async Task<JsonElement> SimulateAsync(this BillingHost host, string more = "") => await host.OkAsync("POST", "/v1/simulations", Request(more));

    /// <summary>Customer, old, new and difference of each item.</summary>
    public static string[] Rows(JsonElement answer) =>
        [.. answer.GetProperty("items").EnumerateArray().Select(item => item.TryGetProperty("problem", out JsonElement problem) ? $"{Text(item, "customer")}: {problem.GetString()}" : $"{Text(item, "customer")} {Amounts(item)}")];

    public static string Amounts(JsonElement element) => $"{Text(element, "old")} {Text(element, "new")} {Text(element, "difference")}";

    public static string Text(JsonElement element, string name) => element.GetProperty(name).GetString()!;

    public static async Task<JsonElement> OkAsync(this BillingHost host, string method, string path, string? body = null)
    {
        Answered answer = await host.SendAsync(method, path, body);
        return answer.Status is 200 or 201 ? answer.Json : throw new InvalidOperationException($"{method} {path}: {answer.Status} {answer.Text}");
    }

    private static string Book(string components, string commitments) => $$"""
        {"currency":"USD","effective_from":"2024-01-01T00:00:00Z","plans":[{"key":"pro","product":"api","phases":[{"key":"main","components":[{{components}}]}],"commitments":[{{commitments}}]}]}
        """;
}
