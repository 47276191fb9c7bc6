using Metering.Embedded.ClickHouse.Native;
using Microsoft.AspNetCore.Http;

namespace Metering.Embedded.ClickHouse.Http;

/// <summary>What a request says besides its statement: the URL's parameters, form fields and `X-ClickHouse-…` headers.</summary>
internal sealed class RequestOptions
{
    /// <summary>Names that HTTP itself uses; every other one is a setting of the query.</summary>
    private static readonly HashSet<string> Reserved = new(StringComparer.Ordinal)
    {
        "query", "database", "default_format", "query_id", "session_id", "session_timeout", "session_check", "user", "password", "quota_key",
        "role", "wait_end_of_query", "buffer_size", "compress", "decompress", "stacktrace", "close_session", "client_protocol_version",
        // Inserts here are always synchronous: acknowledged means written.
        "async_insert", "wait_for_async_insert",
    };

    public required string QueryId { get; init; }

    public string Query { get; private set; } = "";

    public string? Database { get; private set; }

    public string? DefaultFormat { get; private set; }

    public string? SessionId { get; private set; }

    public TimeSpan SessionTimeout { get; private set; } = TimeSpan.FromSeconds(60);

    public bool SessionMustExist { get; private set; }

    public bool WaitEndOfQuery { get; private set; }

    public bool CompressResponse { get; private set; } = true;

    public Dictionary<string, string> Settings { get; } = new(StringComparer.Ordinal);

    public QueryParameters Parameters { get; } = new();

    public static async Task<RequestOptions> ReadAsync(HttpContext http, TimeProvider time)
    {
        string queryId = http.Request.Query["query_id"].FirstOrDefault()
            ?? http.Request.Headers["X-ClickHouse-Query-Id"].FirstOrDefault()
            ?? Guid.CreateVersion7(time.GetUtcNow()).ToString();
        RequestOptions options = new()
        {
            QueryId = queryId,
            Database = http.Request.Headers["X-ClickHouse-Database"].FirstOrDefault(),
            DefaultFormat = http.Request.Headers["X-ClickHouse-Format"].FirstOrDefault(),
        };
        foreach ((string name, Microsoft.Extensions.Primitives.StringValues values) in http.Request.Query)
        {
            options.Take(name, values.LastOrDefault() ?? "");
        }

        if (IsMultipart(http.Request))
        {
            await options.TakeFormAsync(http).ConfigureAwait(false);
        }

        if (HttpMethods.IsGet(http.Request.Method) || HttpMethods.IsHead(http.Request.Method))
        {
            options.Settings.TryAdd("readonly", "2");
        }

        return options;
    }

    public static bool IsMultipart(HttpRequest request) =>
        request.ContentType?.StartsWith("multipart/form-data", StringComparison.OrdinalIgnoreCase) == true;

    private async Task TakeFormAsync(HttpContext http)
    {
        IFormCollection form = await http.Request.ReadFormAsync(http.RequestAborted).ConfigureAwait(false);
        if (form.Files.Count > 0)
        {
            throw new ClickHouseException(ErrorCode.NotImplemented, "External tables in a form are not supported by the embedded ClickHouse", "NOT_IMPLEMENTED");
        }

        foreach ((string name, Microsoft.Extensions.Primitives.StringValues values) in form)
        {
            Take(name, values.LastOrDefault() ?? "");
        }
    }

    private void Take(string name, string value)
    {
        switch (name)
        {
            case "query": Query = value; break;
            case "database": Database = value; break;
            case "default_format": DefaultFormat = value; break;
            case "session_id": SessionId = value; break;
            case "session_check": SessionMustExist = IsTrue(value); break;
            case "wait_end_of_query": WaitEndOfQuery = IsTrue(value); break;
            case "session_timeout" when int.TryParse(value, out int seconds): SessionTimeout = TimeSpan.FromSeconds(Math.Clamp(seconds, 1, 3600)); break;
            case "compress" or "decompress" when IsTrue(value):
                throw new ClickHouseException(ErrorCode.NotImplemented,
                    $"'{name}=1' asks for ClickHouse's own block compression, which the embedded ClickHouse does not speak. Turn compression off in the client, or use HTTP's Content-Encoding and Accept-Encoding",
                    "NOT_IMPLEMENTED");
            default: TakeSetting(name, value); break;
        }
    }

    private void TakeSetting(string name, string value)
    {
        if (name.StartsWith("param_", StringComparison.Ordinal))
        {
            Parameters.Add(name["param_".Length..], value);
        }
        else if (name == "enable_http_compression")
        {
            CompressResponse = IsTrue(value);
        }
        else if (!Reserved.Contains(name) && name.Length > 0)
        {
            Settings[name] = SqlText.IsIdentifier(name)
                ? value
                : throw new ClickHouseException(ErrorCode.UnknownSetting, $"Unknown setting '{name}'", "UNKNOWN_SETTING");
        }
    }

    private static bool IsTrue(string value) => value is "1" || value.Equals("true", StringComparison.OrdinalIgnoreCase);
}
