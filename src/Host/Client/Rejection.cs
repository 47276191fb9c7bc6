using System.Text.Json;

namespace Metering.Host.Client;

/// <summary>An event that the server refused.</summary>
/// <param name="Index">Its place in the batch.</param>
internal readonly record struct Rejection(int Index, string? Id, string Code, string Message)
{
    /// <summary>The member <c>rejected</c> of an answer, on its top level or among a problem's extensions.</summary>
    public static IReadOnlyList<Rejection> ListOf(JsonElement answer)
    {
        if (answer.ValueKind != JsonValueKind.Object)
        {
            return [];
        }

        if (answer.TryGetProperty("extensions", out JsonElement extensions) && extensions.ValueKind == JsonValueKind.Object)
        {
            answer = extensions;
        }

        return answer.TryGetProperty("rejected", out JsonElement list) ? [.. list.EnumerateArray().Select(Read)] : [];
    }

    public override string ToString() => Id is null ? $"event {Index}: {Message}" : $"event {Index} (id \"{Id}\"): {Message}";

    private static Rejection Read(JsonElement one) =>
        new(one.GetProperty("index").GetInt32(), one.GetProperty("id").GetString(), one.GetProperty("code").GetString()!, one.GetProperty("message").GetString()!);
}
