using System.Text.Json;
using Metering.Billing.Calculator;
using Metering.Billing.Catalog.Documents;
using Metering.Billing.Subscriptions;
using Metering.Billing.Subscriptions.Requests;

namespace Metering.Billing.Customers;

/// <summary>When a subject's usage is a customer's: the body of <c>PUT /v1/customers/{key}/subjects/{subject}</c>.</summary>
/// <param name="From">A whole minute.</param>
/// <param name="Until">Exclusive; null for ever.</param>
public sealed record SubjectRequest(DateTimeOffset From, DateTimeOffset? Until)
{
    /// <summary>Before any usage that is accepted.</summary>
    private static readonly DateTimeOffset s_always = new(2000, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <param name="now">What <c>now</c> means: the next whole minute.</param>
    public static SubjectRequest Read(JsonElement body, DateTimeOffset now, List<Problem> problems)
    {
        JsonFields fields = new(body, "", problems);
        SubjectRequest request = new(Minute(fields, "from", now) ?? s_always, Minute(fields, "until", now));
        fields.Close();
        if (request.Until <= request.From)
        {
            fields.Refuse("until", "must be after from");
        }

        return request;
    }

    private static DateTimeOffset? Minute(JsonFields fields, string name, DateTimeOffset now) => fields.Peek(name) == Moment.Now ? WholeMinute.From(now) : fields.Minute(name);
}
