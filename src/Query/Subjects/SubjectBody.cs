using System.Text.Json;
using System.Text.Json.Serialization;

namespace Metering.Query.Subjects;

/// <summary>Somebody who uses. The key is also the id: events name subjects by it.</summary>
internal sealed record SubjectBody(string Id, string Key, string? DisplayName, JsonElement Metadata, DateTime CreatedAt);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(SubjectBody))]
[JsonSerializable(typeof(List<SubjectBody>))]
internal sealed partial class SubjectBodyJson : JsonSerializerContext;
