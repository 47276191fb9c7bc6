namespace Metering.Ingest.Validation;

/// <summary>The machine-readable reasons of a refusal. They are published and stored with dead letters: add some, never rename one.</summary>
internal static class Codes
{
    // Of an event.
    public const string MalformedJson = "malformed_json";
    public const string InvalidUtf8 = "invalid_utf8";
    public const string MissingField = "missing_field";
    public const string InvalidField = "invalid_field";
    public const string DuplicateKey = "duplicate_key";
    public const string LoneSurrogate = "lone_surrogate";
    public const string TooDeep = "too_deep";
    public const string EventTooLarge = "event_too_large";
    public const string TimeTooEarly = "time_too_early";
    public const string TimeInFuture = "time_in_future";
    public const string UnsupportedContent = "unsupported_content";

    // Of a request.
    public const string EmptyBody = "empty_body";
    public const string EmptyBatch = "empty_batch";
    public const string UnexpectedBody = "unexpected_body";
    public const string CorruptEncoding = "corrupt_encoding";
    public const string UnsupportedContentType = "unsupported_content_type";
    public const string UnsupportedEncoding = "unsupported_encoding";
    public const string BodyTooLarge = "body_too_large";
    public const string BatchTooLarge = "batch_too_large";
    public const string NothingAccepted = "nothing_accepted";
    public const string BadRequest = "bad_request";
    public const string Unauthorized = "unauthorized";
    public const string InvalidTenant = "invalid_tenant";
    public const string KeysUnavailable = "keys_unavailable";
    public const string Overloaded = "overloaded";
    public const string NotStored = "not_stored";
    public const string Internal = "internal";
}
