using System.Globalization;
using System.Text.Json;
using Metering.Billing;
using Metering.Billing.Postgres.Ledger;
using Metering.BillingCore.Catalog;
using Metering.BillingCore.Http;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Metering.BillingCore.Ledger;

/// <summary>Accounts, the trial balance, and statements of customers.</summary>
internal static class BalanceEndpoints
{
    public static void Map(IEndpointRouteBuilder routes, BillingEdge edge)
    {
        edge.Map(routes, HttpMethods.Get, "/v1/ledger/accounts", AccountsAsync);
        edge.Map(routes, HttpMethods.Get, "/v1/ledger/trial-balance", TrialBalanceAsync);
        edge.Map(routes, HttpMethods.Get, "/v1/ledger/customers/{customer}/statement", StatementAsync);
    }

    private static async Task<Answer> AccountsAsync(BillingRequest request)
    {
        IReadOnlyList<AccountBalance> accounts = await LedgerAccounts.ListAsync(
            request.Transaction, request.Kind("kind"), request.Query("customer"), request.Instant("as_of"), LedgerText.NumberOf(request.Cursor), request.PageSize, request.Aborted);
        return Page.Of(accounts, request.PageSize, LedgerBodies.Write, account => account.Id.ToString(CultureInfo.InvariantCulture));
    }

    private static async Task<Answer> TrialBalanceAsync(BillingRequest request)
    {
        DateTimeOffset? asOf = request.Instant("as_of");
        IReadOnlyList<TrialBalanceRow> rows = await LedgerAccounts.TrialBalanceAsync(request.Transaction, asOf, request.Aborted);
        return Answer.Json(json =>
        {
            json.WriteStartObject();
            json.WriteString("as_of", LedgerText.Of(asOf ?? request.Now));
            json.WriteStartArray("currencies");
            foreach (IGrouping<Currency, TrialBalanceRow> currency in rows.GroupBy(row => row.Debits.Currency))
            {
                Write(json, currency.Key, [.. currency]);
            }

            json.WriteEndArray();
            json.WriteEndObject();
        });
    }

    private static void Write(Utf8JsonWriter json, Currency currency, TrialBalanceRow[] rows)
    {
        json.WriteStartObject();
        json.WriteString("currency", currency.Code);
        json.WriteStartArray("accounts");
        foreach (TrialBalanceRow row in rows)
        {
            json.WriteStartObject();
            json.WriteString("kind", row.Kind.ToString());
            LedgerBodies.Write(json, "debit", row.Debits);
            LedgerBodies.Write(json, "credit", row.Credits);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        LedgerBodies.Write(json, "debit", rows.Aggregate(Money.Zero(currency), (sum, row) => sum + row.Debits));
        LedgerBodies.Write(json, "credit", rows.Aggregate(Money.Zero(currency), (sum, row) => sum + row.Credits));
        json.WriteEndObject();
    }

    private static async Task<Answer> StatementAsync(BillingRequest request)
    {
        string customer = request.Route("customer");
        (DateOnly from, DateOnly until) = (request.Day("from"), request.Day("until"));
        IReadOnlyList<StatementAccount> accounts = await Statement.AccountsAsync(request.Transaction, customer, from, until, request.Aborted);
        IReadOnlyList<StatementEntry> entries = await Statement.EntriesAsync(
            request.Transaction, customer, from, until, request.Cursor is { } cursor ? PlaceOf(cursor) : null, request.PageSize, request.Aborted);
        return Answer.Json(json =>
        {
            json.WriteStartObject();
            json.WriteString("customer", customer);
            json.WriteString("from", LedgerText.Of(from));
            json.WriteString("until", LedgerText.Of(until));
            WriteAccounts(json, accounts);
            json.WriteStartArray("entries");
            foreach (StatementEntry entry in entries)
            {
                LedgerBodies.Write(json, entry);
            }

            json.WriteEndArray();
            json.WriteString("next_cursor", entries.Count < request.PageSize ? null : BillingRequest.CursorOf(TextOf(entries[^1].Place)));
            json.WriteEndObject();
        });
    }

    private static void WriteAccounts(Utf8JsonWriter json, IReadOnlyList<StatementAccount> accounts)
    {
        json.WriteStartArray("accounts");
        foreach (StatementAccount account in accounts)
        {
            json.WriteStartObject();
            json.WriteString("account", account.Account.ToString());
            json.WriteString("currency", account.Opening.Currency.Code);
            LedgerBodies.Write(json, "opening", account.Opening);
            LedgerBodies.Write(json, "closing", account.Closing);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static string TextOf((DateOnly Day, long Seq, int Number) place) =>
        string.Create(CultureInfo.InvariantCulture, $"{place.Day.DayNumber} {place.Seq} {place.Number}");

    private static (DateOnly Day, long Seq, int Number) PlaceOf(string cursor) => cursor.Split(' ') is [var day, var seq, var number]
        ? (DateOnly.FromDayNumber((int)LedgerText.NumberOf(day)), LedgerText.NumberOf(seq), (int)LedgerText.NumberOf(number))
        : throw RefusedException.BadRequest("cursor is not one that this endpoint gave out.");
}
