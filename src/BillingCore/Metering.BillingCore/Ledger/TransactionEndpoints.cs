using System.Globalization;
using Metering.Billing;
using Metering.Billing.Ledger;
using Metering.Billing.Postgres.Ledger;
using Metering.BillingCore.Catalog;
using Metering.BillingCore.Http;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Metering.BillingCore.Ledger;

/// <summary><c>/v1/ledger/transactions</c>: what was posted, and what people post themselves.</summary>
internal static class TransactionEndpoints
{
    private const string Transactions = "/v1/ledger/transactions";

    /// <summary>Keys of transactions that follow from nothing else: what follows from an invoice, a payment or a grant is undone with it.</summary>
    private static readonly string[] s_reversible = ["manual:", "opening:", "fee:", "payout:"];

    public static void Map(IEndpointRouteBuilder routes, BillingEdge edge)
    {
        edge.Map(routes, HttpMethods.Get, Transactions, ListAsync);
        edge.Map(routes, HttpMethods.Post, Transactions, PostAsync);
        edge.Map(routes, HttpMethods.Get, $"{Transactions}/{{transaction}}", GetAsync);
        edge.Map(routes, HttpMethods.Post, $"{Transactions}/{{transaction}}/reverse", ReverseAsync);
    }

    private static async Task<Answer> ListAsync(BillingRequest request)
    {
        TransactionFilter filter = new(request.Account("account"), request.Query("customer"), request.Query("key_prefix"), request.Instant("from"), request.Instant("until"));
        IReadOnlyList<PostedTransaction> posted = await LedgerTransactions.ListAsync(
            request.Transaction, filter, LedgerText.NumberOf(request.Cursor), request.PageSize, request.Aborted);
        return Page.Of(posted, request.PageSize, (json, one) => LedgerBodies.Write(json, one.Transaction), one => one.Seq.ToString(CultureInfo.InvariantCulture));
    }

    private static async Task<Answer> GetAsync(BillingRequest request)
    {
        LedgerTransaction transaction = await FindAsync(request);
        return Answer.Json(json => LedgerBodies.Write(json, transaction));
    }

    private static async Task<Answer> PostAsync(BillingRequest request)
    {
        List<Problem> problems = [];
        ManualPosting posting = ManualPosting.Read(request.Body(), problems);
        RefusedException.ThrowIfAny(problems);
        Booking booking = await BookingAsync(request, posting.Terms);
        ManualTerms terms = posting.Terms;
        return ManualPostings.Manual(terms.Reference, posting.Entries, terms.Reason, terms.Approver, booking, out LedgerTransaction? transaction) == TransactionProblem.None
            ? await PostAsync(request, transaction!)
            : throw RefusedException.Invalid([new Problem("entries", "do not balance: in each currency, debits and credits must sum to the same")]);
    }

    private static async Task<Answer> ReverseAsync(BillingRequest request)
    {
        List<Problem> problems = [];
        ManualTerms terms = ManualReversal.Read(request.Body(), problems);
        RefusedException.ThrowIfAny(problems);
        LedgerTransaction posted = await FindAsync(request);
        return Array.Exists(s_reversible, prefix => posted.Key.StartsWith(prefix, StringComparison.Ordinal))
            ? await PostAsync(request, ManualPostings.Reversed(terms.Reference, posted, terms.Reason, terms.Approver, await BookingAsync(request, terms)))
            : throw RefusedException.Conflict($"{posted.Key} follows from something else, and is undone with it: void the invoice or the credit note, or post a correction of your own.");
    }

    /// <summary>With <c>dry_run=true</c>, what it would come to.</summary>
    private static async Task<Answer> PostAsync(BillingRequest request, LedgerTransaction transaction)
    {
        bool isDry = request.Query("dry_run") switch
        {
            null or "false" => false,
            "true" => true,
            _ => throw RefusedException.BadRequest("dry_run must be true or false."),
        };
        PostResult result = (await LedgerStore.PostAsync(request.Transaction, [transaction], isDry ? PostMode.DryRun : PostMode.Atomic, request.Aborted))[0];
        if (result == PostResult.Posted && !isDry)
        {
            await LedgerEvents.AddAsync(request.Transaction, Actors.Api, transaction, request.Now, request.Aborted);
        }

        return result switch
        {
            PostResult.Posted when !isDry => AnswerOf(transaction, result, StatusCodes.Status201Created) with { Location = $"{Transactions}/{Uri.EscapeDataString(transaction.Key)}" },
            PostResult.Posted or PostResult.AlreadyPosted => AnswerOf(transaction, result, StatusCodes.Status200OK),
            _ => throw RefusedException.Conflict($"{result}: {Reason(result, transaction)}"),
        };
    }

    private static Answer AnswerOf(LedgerTransaction transaction, PostResult result, int status) => Answer.Json(
        json =>
        {
            json.WriteStartObject();
            json.WriteString("result", result.ToString());
            LedgerBodies.WriteFields(json, transaction);
            json.WriteEndObject();
        },
        status);

    private static string Reason(PostResult result, LedgerTransaction transaction) => result switch
    {
        PostResult.ConflictingEntries => $"{transaction.Key} was posted with other entries. A reference is used once.",
        PostResult.ConflictingReversal => $"{transaction.Key} was used to reverse something else, or for no reversal. A reference is used once.",
        PostResult.AlreadyReversed => $"{string.Join(", ", transaction.Reverses)} was reversed before.",
        PostResult.MonthClosed => $"the month of {LedgerText.Of(transaction.Booking.EffectiveOn)} is closed. Leave effective_on out to book it in the first open one.",
        PostResult.Overdrawn => "an account would be overdrawn: customer credit, what is left of a grant, and refunds payable can only be spent once.",
        PostResult.Posted or PostResult.AlreadyPosted or PostResult.UnknownTransaction or PostResult.BatchRefused => "it cannot be posted.",
    };

    private static async Task<Booking> BookingAsync(BillingRequest request, ManualTerms terms) => new(
        terms.EffectiveOn ?? await LedgerStore.FirstOpenAsync(request.Transaction, DateOnly.FromDateTime(request.Now.UtcDateTime), request.Aborted), request.Now);

    /// <summary>Keys contain slashes, which stay escaped in a route value.</summary>
    private static async Task<LedgerTransaction> FindAsync(BillingRequest request)
    {
        string key = request.Route("transaction").Replace("%2F", "/", StringComparison.OrdinalIgnoreCase);
        return (await LedgerStore.ReadAsync(request.Transaction, [key], request.Aborted)).GetValueOrDefault(key)
            ?? throw RefusedException.NotFound($"Nothing was posted under the key '{key}'.");
    }
}
