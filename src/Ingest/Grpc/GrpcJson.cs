using System.Text.Json.Serialization;

namespace Metering.Ingest.Grpc;

[JsonSerializable(typeof(SortedDictionary<string, string>))]
internal sealed partial class GrpcJson : JsonSerializerContext;
