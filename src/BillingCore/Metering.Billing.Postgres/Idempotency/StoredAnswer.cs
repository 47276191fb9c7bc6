namespace Metering.Billing.Postgres.Idempotency;

/// <summary>What a request was answered, to answer it again.</summary>
public sealed record StoredAnswer(int Status, string? ContentType, string? Location, string? ETag, byte[] Body);

public enum ClaimOutcome
{
    /// <summary>Nobody has used the key: do the work, and store the answer in the same transaction.</summary>
    New,

    /// <summary>The request was answered before, like this.</summary>
    Answered,

    /// <summary>The same key came with another request.</summary>
    Conflicting,

    /// <summary>A request with this key is being worked on now.</summary>
    Running,
}
