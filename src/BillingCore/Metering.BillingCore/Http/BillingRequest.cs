using System.Buffers.Text;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Metering.Billing.Postgres.Tenancy;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Metering.BillingCore.Http;

/// <summary>One request, in its tenant's transaction.</summary>
internal sealed class BillingRequest(HttpContext http, TenantTransaction transaction, ReadOnlyMemory<byte> body, DateTimeOffset now)
{
    private const int MaxPage = 1000;
    private const int DefaultPage = 100;
    private static readonly JsonDocumentOptions s_options = new() { MaxDepth = 32 };

    private static readonly JsonElement s_empty = JsonDocument.Parse("{}").RootElement;

    public TenantTransaction Transaction => transaction;

    public DateTimeOffset Now => now;

    public CancellationToken Aborted => http.RequestAborted;

    public string Route(string name) => (string)http.GetRouteValue(name)!;

    /// <exception cref="RefusedException">Not a number above zero.</exception>
    public int RouteNumber(string name) =>
        int.TryParse(Route(name), NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number > 0 ? number : throw RefusedException.NotFound($"'{Route(name)}' is not a version number.");

    /// <summary>Null when absent.</summary>
    public string? Query(string name) => string.IsNullOrEmpty(http.Request.Query[name]) ? null : http.Request.Query[name].ToString();

    /// <exception cref="RefusedException">Not a whole number from 0 on.</exception>
    public long QueryNumber(string name) => long.TryParse(Query(name), NumberStyles.None, CultureInfo.InvariantCulture, out long number)
        ? number
        : throw RefusedException.BadRequest($"{name} must be a whole number.");

    /// <summary>Null when absent.</summary>
    /// <exception cref="RefusedException">Not a whole minute in UTC.</exception>
    public DateTimeOffset? QueryMinute(string name) => Query(name) is not { } text ? null
        : DateTimeOffset.TryParseExact(text, "yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset at) && at.Second == 0 ? at
        : throw RefusedException.BadRequest($"{name} must be a whole minute in UTC such as 2026-01-01T00:00:00Z.");

    public int PageSize => Query("limit") is not { } text ? DefaultPage
        : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int limit) && limit is > 0 and <= MaxPage ? limit
        : throw RefusedException.BadRequest($"limit must be a whole number from 1 to {MaxPage}.");

    /// <summary>The key the last page ended with; null for the first page.</summary>
    public string? Cursor => Query("cursor") is { } text ? KeyOf(text) : null;

    /// <summary>The key that a cursor stands for.</summary>
    /// <exception cref="RefusedException">Not a cursor.</exception>
    public static string KeyOf(string cursor) => Base64Url.IsValid(cursor)
        ? Encoding.UTF8.GetString(Base64Url.DecodeFromChars(cursor))
        : throw RefusedException.BadRequest("cursor is not one that this endpoint gave out.");

    public static string CursorOf(string key) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(key));

    public static string ETagOf(long revision) => string.Create(CultureInfo.InvariantCulture, $"\"{revision}\"");

    /// <exception cref="RefusedException">No JSON.</exception>
    public JsonElement Body()
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(body, s_options);
            return document.RootElement.Clone();
        }
        catch (JsonException malformed)
        {
            throw RefusedException.BadRequest($"The body is not valid JSON: {malformed.Message}");
        }
    }

    /// <summary>The body, where nothing to say is an empty object.</summary>
    /// <inheritdoc cref="Body"/>
    public JsonElement BodyOrEmpty() => body.IsEmpty ? s_empty : Body();

    /// <summary>Applies If-Match and If-None-Match to what is there.</summary>
    /// <param name="revision">Null when nothing is.</param>
    /// <exception cref="RefusedException">412.</exception>
    public void CheckPreconditions(long? revision)
    {
        string match = http.Request.Headers.IfMatch.ToString();
        if (match.Length > 0 && !(revision is { } there && (match == "*" || match.Split(',', StringSplitOptions.TrimEntries).Contains(ETagOf(there)))))
        {
            throw new RefusedException(
                StatusCodes.Status412PreconditionFailed, revision is null ? "If-Match: there is nothing here." : $"If-Match: it is at {ETagOf(revision.Value)} now. Read it again.");
        }

        if (http.Request.Headers.IfNoneMatch.ToString() == "*" && revision is not null)
        {
            throw new RefusedException(StatusCodes.Status412PreconditionFailed, "If-None-Match: it exists.");
        }
    }
}
