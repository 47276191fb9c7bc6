using System.Text.Json;

namespace Metering.Host.Client;

/// <summary>Problem answers (RFC 9457) as one sentence.</summary>
internal static class Problems
{
    private const int ShownRejections = 3;

    public static ServerException Refusal(HttpResponseMessage response, string body)
    {
        int status = (int)response.StatusCode;
        using JsonDocument? problem = TryParse(body);
        string detail = Text(problem?.RootElement, "detail") ?? Text(problem?.RootElement, "title") ?? response.ReasonPhrase ?? "no reason given";
        string rejections = problem is null ? "" : string.Concat(Rejection.ListOf(problem.RootElement).Take(ShownRejections).Select(one => $"; {one}"));
        string advice = status == 401 ? " Give a key with --api-key or METERING_API_KEY (metering keys create)." : "";
        return new ServerException($"{detail.TrimEnd('.')}{rejections}. ({status}){advice}", status);
    }

    public static JsonDocument? TryParse(string text)
    {
        try
        {
            return JsonDocument.Parse(text);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static string? Text(JsonElement? element, string name) =>
        element is { ValueKind: JsonValueKind.Object } found && found.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String
            ? value.GetString() is { Length: > 0 } text ? text : null
            : null;
}
