using System.Text.Json;
using Metering.Billing.Calculator;

namespace Metering.Billing.Subscriptions.Requests;

/// <summary>Another version for many subscriptions: the body of <c>POST /v1/subscriptions/migrate</c>. It goes over them a page at a time.</summary>
/// <param name="Version">The version they are to have.</param>
/// <param name="FromVersion">Only those that have this one; null for any other.</param>
/// <param name="Plan">Only those of this plan; null for all.</param>
/// <param name="Subscriptions">Only these; null for all.</param>
/// <param name="At">Now, or each at the end of its own period.</param>
/// <param name="IsDryRun">Lists what would be done, and does nothing.</param>
/// <param name="Limit">How many this request looks at.</param>
/// <param name="Cursor">Where the request before ended; null for the first.</param>
public sealed record MigrationRequest(
    string PriceBook, int Version, int? FromVersion, string? Plan, IReadOnlyList<string>? Subscriptions, Moment At, bool IsDryRun, int Limit, string? Cursor)
{
    public const int MaxPage = 1000;
    private const int DefaultPage = 100;

    public static MigrationRequest Read(JsonElement body, List<Problem> problems)
    {
        JsonFields fields = new(body, "", problems);
        if (!fields.Has("version"))
        {
            fields.Refuse("version", "is required: the one they are to have");
        }

        MigrationRequest request = new(
            fields.RequiredText("price_book"), fields.Integer("version", 1, int.MaxValue) ?? 1, fields.Integer("from_version", 1, int.MaxValue), fields.Text("plan"),
            fields.Texts("subscriptions"), Moment.Read(fields, "at"), fields.Flag("dry_run") ?? false, fields.Integer("limit", 1, MaxPage) ?? DefaultPage, fields.Text("cursor"));
        fields.Close();
        if (request.At.At is not null)
        {
            fields.Refuse("at", "must be now or period_end");
        }

        if (request.FromVersion == request.Version)
        {
            fields.Refuse("from_version", "must be another version than the one they are to have");
        }

        return request;
    }
}
