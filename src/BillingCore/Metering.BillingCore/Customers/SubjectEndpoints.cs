using Metering.Billing;
using Metering.Billing.Customers;
using Metering.Billing.Postgres.Customers;
using Metering.Billing.Subscriptions;
using Metering.Billing.Zones;
using Metering.BillingCore.Http;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Metering.BillingCore.Customers;

/// <summary>Whose usage a subject is, and when: a subject has one customer at a time, and every change of it is kept.</summary>
internal static class SubjectEndpoints
{
    private const string Subjects = $"{CustomerEndpoints.One}/subjects";
    private const string One = $"{Subjects}/{{subject}}";

    public static void Map(IEndpointRouteBuilder routes, BillingEdge edge)
    {
        edge.Map(routes, HttpMethods.Get, Subjects, ListAsync);
        edge.Map(routes, HttpMethods.Put, One, PutAsync);
        edge.Map(routes, HttpMethods.Delete, One, EndAsync);
    }

    /// <summary>As it is now, or as of an earlier change of the mapping.</summary>
    private static async Task<Answer> ListAsync(BillingRequest request)
    {
        Customer customer = await CustomerEndpoints.FindAsync(request);
        long sequence = request.Query("as_of") is null ? await SubjectMappings.SequenceAsync(request.Transaction, request.Aborted) : request.QueryNumber("as_of");
        IReadOnlyList<SubjectMapping> mappings = await SubjectMappings.ReadAsync(request.Transaction, [customer.Key], sequence, request.Aborted);
        return Answer.Json(json =>
        {
            json.WriteStartObject();
            json.WriteNumber("sequence", sequence);
            json.WriteStartArray("items");
            foreach (SubjectMapping mapping in mappings)
            {
                CustomerBodies.Write(json, mapping);
            }

            json.WriteEndArray();
            json.WriteEndObject();
        });
    }

    /// <summary>The subject is this customer's from a minute until another; in place of the customer's own times that have a minute in common with them.</summary>
    private static async Task<Answer> PutAsync(BillingRequest request)
    {
        Customer customer = await CustomerEndpoints.HoldAsync(request);
        if (customer.ArchivedAt is not null)
        {
            throw RefusedException.Conflict($"Customer '{customer.Key}' is archived. Put it again first.");
        }

        List<Problem> problems = [];
        SubjectRequest put = SubjectRequest.Read(request.BodyOrEmpty(), request.Now, problems);
        RefusedException.ThrowIfAny(problems);
        string subject = SubjectOf(request);
        IReadOnlyList<SubjectMapping> there = [.. (await SubjectMappings.HoldAsync(request.Transaction, subject, request.Aborted)).Where(one => one.Overlaps(put.From, put.Until))];
        if (there.FirstOrDefault(one => one.Customer != customer.Key) is { } taken)
        {
            throw RefusedException.Conflict(
                $"Subject '{subject}' is customer '{taken.Customer}''s {Text(taken)}. A subject has one customer at a time: put its end there first, then its beginning here.");
        }

        SubjectMapping wanted = new(subject, customer.Key, put.From, put.Until, there is [var only] ? only.Sequence : 0);
        return there is [var same] && same == wanted ? AnswerOf(same) : AnswerOf(await ChangeAsync(request, there, wanted));
    }

    /// <summary>From now on, or from the minute <c>at</c>, the subject is not this customer's any more. What it was before stays.</summary>
    private static async Task<Answer> EndAsync(BillingRequest request)
    {
        Customer customer = await CustomerEndpoints.HoldAsync(request);
        string subject = SubjectOf(request);
        DateTimeOffset at = request.QueryMinute("at") ?? WholeMinute.From(request.Now);
        SubjectMapping[] there = [.. (await SubjectMappings.HoldAsync(request.Transaction, subject, request.Aborted)).Where(one => one.Customer == customer.Key && one.Overlaps(at, null))];
        if (there.Length == 0)
        {
            throw RefusedException.NotFound($"Subject '{subject}' is not customer '{customer.Key}''s at {at:yyyy-MM-dd'T'HH:mm'Z'} or later.");
        }

        SubjectMapping? kept = there[0].ValidFrom < at ? there[0] with { ValidUntil = at } : null;
        await ChangeAsync(request, there, kept);
        return Answer.NoContent;
    }

    private static async Task<SubjectMapping> ChangeAsync(BillingRequest request, IReadOnlyList<SubjectMapping> replaced, SubjectMapping? made)
    {
        long sequence = await SubjectMappings.ChangeAsync(request.Transaction, TzdbZones.Instance, replaced, made is null ? [] : [made], request.Now, request.Aborted);
        SubjectMapping told = (made ?? replaced[0]) with { Sequence = sequence };
        string what = made is null ? "customer.subject_removed" : "customer.subject_mapped";
        await Told.OnceAsync(request, what, $"customer:{told.Customer}", json => CustomerBodies.Write(json, told));
        return told;
    }

    /// <summary>The server leaves an escaped slash in a path as it is.</summary>
    private static string SubjectOf(BillingRequest request) => request.Route("subject").Replace("%2F", "/", StringComparison.OrdinalIgnoreCase);

    private static string Text(SubjectMapping mapping) =>
        $"from {mapping.ValidFrom:yyyy-MM-dd'T'HH:mm'Z'}{(mapping.ValidUntil is { } until ? $" until {until:yyyy-MM-dd'T'HH:mm'Z'}" : " on")}";

    private static Answer AnswerOf(SubjectMapping mapping) => Answer.Json(json => CustomerBodies.Write(json, mapping));
}
