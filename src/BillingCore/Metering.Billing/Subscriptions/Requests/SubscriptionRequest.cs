using System.Text.Json;
using Metering.Billing.Calculator;
using Metering.Billing.Catalog.Documents;
using Metering.Billing.Customers;
using Metering.Billing.Periods;

namespace Metering.Billing.Subscriptions.Requests;

/// <summary>What is to be subscribed to, by whom and since when: the body of <c>POST /v1/subscriptions</c>.</summary>
public sealed record SubscriptionRequest
{
    public required string Customer { get; init; }

    /// <summary>The caller's own name for it, used once for ever.</summary>
    public required string? Reference { get; init; }

    public required string PriceBook { get; init; }

    /// <summary>Null for the newest that is effective at the start.</summary>
    public required int? Version { get; init; }

    public required string Plan { get; init; }

    /// <summary>Seats by component; 1 where nothing is said.</summary>
    public required IReadOnlyDictionary<string, Fraction> Quantities { get; init; }

    /// <summary>Null for now. May be in the past.</summary>
    public required DateTimeOffset? Start { get; init; }

    public required DateTimeOffset? End { get; init; }

    /// <summary>Instead of the length of the plan's trial.</summary>
    public required DateTimeOffset? TrialEnd { get; init; }

    /// <summary>Begins with the first phase that is no trial.</summary>
    public required bool SkipsTrial { get; init; }

    /// <summary>Whether it goes on when the trial ends; if not, it expires.</summary>
    public required bool TrialConverts { get; init; }

    /// <summary>Whether service begins only when the first invoice is paid.</summary>
    public required bool NeedsFirstPayment { get; init; }

    public required AnchorRule Anchor { get; init; }

    /// <summary>Whether it is agreed at once; if not, it is a draft.</summary>
    public required bool Activates { get; init; }

    /// <summary>A JSON object.</summary>
    public required string Metadata { get; init; }

    /// <returns>What can be tried when there are no problems; otherwise of no use.</returns>
    public static SubscriptionRequest Read(JsonElement body, List<Problem> problems)
    {
        JsonFields fields = new(body, "", problems);
        SubscriptionRequest request = new()
        {
            Customer = fields.RequiredText("customer"),
            Reference = fields.Name("reference"),
            PriceBook = fields.RequiredText("price_book"),
            Version = fields.Integer("version", 1, int.MaxValue),
            Plan = fields.RequiredText("plan"),
            Quantities = QuantityFields.Read(fields),
            Start = Moment.ReadMinute(fields, "start"),
            End = fields.Minute("end"),
            TrialEnd = fields.Minute("trial_end"),
            SkipsTrial = fields.Flag("skip_trial") ?? false,
            TrialConverts = fields.Flag("trial_converts") ?? true,
            NeedsFirstPayment = fields.Flag("first_payment") ?? false,
            Anchor = ReadAnchor(fields),
            Activates = fields.Flag("activate") ?? true,
            Metadata = MetadataFields.Read(fields),
        };
        fields.Close();
        if (request.SkipsTrial && request.TrialEnd is not null)
        {
            fields.Refuse("trial_end", "is of no use together with skip_trial");
        }

        return request;
    }

    private static AnchorRule ReadAnchor(JsonFields fields)
    {
        AnchorRule anchor = AnchorRule.Anniversary;
        if (fields.Text("anchor") is { } text && !AnchorRule.TryParse(text, out anchor))
        {
            fields.Refuse("anchor", "must be anniversary, instant, calendar, or a day such as 'day 31'");
        }

        return anchor;
    }
}
