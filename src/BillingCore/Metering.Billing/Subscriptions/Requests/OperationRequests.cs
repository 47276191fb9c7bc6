using System.Text.Json;
using Metering.Billing.Calculator;
using Metering.Billing.Catalog.Documents;
using Metering.Billing.Periods;

namespace Metering.Billing.Subscriptions.Requests;

/// <summary>Nothing to say: activate, undo.</summary>
public sealed record PlainRequest
{
    public static PlainRequest Read(JsonElement body, List<Problem> problems)
    {
        new JsonFields(body, "", problems).Close();
        return new PlainRequest();
    }
}

/// <summary>Now, or at an instant that has passed: resume, convert a trial.</summary>
/// <param name="At">Null for now.</param>
public sealed record MinuteRequest(DateTimeOffset? At)
{
    public static MinuteRequest Read(JsonElement body, List<Problem> problems)
    {
        JsonFields fields = new(body, "", problems);
        MinuteRequest request = new(Moment.ReadMinute(fields, "at"));
        fields.Close();
        return request;
    }
}

public sealed record CancelRequest(Moment At)
{
    public static CancelRequest Read(JsonElement body, List<Problem> problems)
    {
        JsonFields fields = new(body, "", problems);
        CancelRequest request = new(Moment.Read(fields, "at"));
        fields.Close();
        return request;
    }
}

public sealed record ExtendTrialRequest(DateTimeOffset Until)
{
    public static ExtendTrialRequest Read(JsonElement body, List<Problem> problems)
    {
        JsonFields fields = new(body, "", problems);
        ExtendTrialRequest request = new(fields.RequiredMinute("until"));
        fields.Close();
        return request;
    }
}

/// <param name="At">Null for now.</param>
/// <param name="Until">When it ends by itself.</param>
/// <param name="Length">Or how long it lasts, on the wall clock of the subscription's zone. Neither: until it is resumed.</param>
/// <param name="KeepsAdvance">Whether advance time that is not served stays paid.</param>
public sealed record PauseRequest(DateTimeOffset? At, DateTimeOffset? Until, BillingInterval? Length, bool KeepsAdvance)
{
    public static PauseRequest Read(JsonElement body, List<Problem> problems)
    {
        JsonFields fields = new(body, "", problems);
        PauseRequest request = new(Moment.ReadMinute(fields, "at"), fields.Minute("until"), fields.Interval("length"), fields.Flag("keep") ?? false);
        fields.Close();
        return request;
    }
}

/// <param name="By">Id of the subscription that takes over.</param>
public sealed record FollowRequest(string By)
{
    public static FollowRequest Read(JsonElement body, List<Problem> problems)
    {
        JsonFields fields = new(body, "", problems);
        FollowRequest request = new(fields.RequiredText("by"));
        fields.Close();
        return request;
    }
}
