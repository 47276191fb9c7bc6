using System.Globalization;
using System.Text.Json;
using Metering.Host.Client;
using Metering.Host.Commands;
using Metering.Host.Pricing;
using Spectre.Console;

namespace Metering.Host.Demo;

/// <summary>Bills last month: customers subscribe from its first day on, are invoiced, and what turns up afterwards is corrected.</summary>
internal sealed class DemoBilling(MeteringClient client, IAnsiConsole console)
{
    private const string Versions = $"v1/price-books/{DemoPrices.Book}/versions";

    public async Task BillAsync(DateTimeOffset from, CancellationToken cancellationToken)
    {
        await PublishAsync(cancellationToken);
        foreach (DemoWorld.Weighted customer in DemoWorld.Customers)
        {
            await SubscribeAsync(customer.Name, from, cancellationToken);
        }

        await PostUntilDoneAsync(cancellationToken);
    }

    public async Task CorrectAsync(CancellationToken cancellationToken) => (await client.PostAsync("v1/correction-runs", "{}", cancellationToken)).Dispose();

    /// <returns>Whether the ledger sums to zero.</returns>
    public async Task<bool> ShowAsync(DateTimeOffset from, CancellationToken cancellationToken)
    {
        Heading($"Invoices for {from.ToString("MMMM yyyy", CultureInfo.InvariantCulture)} (metering invoices list)");
        await ShowInvoicesAsync(cancellationToken);
        Heading("Usage of that month that came when it was billed (metering corrections list)");
        await ShowCorrectionsAsync(cancellationToken);
        Heading("Trial balance (metering ledger trial-balance)");
        return await ShowBalanceAsync(cancellationToken);
    }

    private async Task PublishAsync(CancellationToken cancellationToken)
    {
        (await client.PutAsync("v1/products/gateway", DemoPrices.Product, cancellationToken)).Dispose();
        foreach ((int index, string version) in new[] { DemoPrices.First, DemoPrices.Second }.Index())
        {
            (await client.PutAsync($"v1/price-books/{DemoPrices.Book}/draft", version, cancellationToken)).Dispose();
            (await client.PostAsync(string.Create(CultureInfo.InvariantCulture, $"{Versions}/{index + 1}/publish"), null, cancellationToken)).Dispose();
        }
    }

    private async Task SubscribeAsync(string customer, DateTimeOffset from, CancellationToken cancellationToken)
    {
        (await client.PutAsync($"v1/customers/{customer}", $$"""{"name":"{{customer}}"}""", cancellationToken)).Dispose();
        (await client.PutAsync($"v1/customers/{customer}/subjects/{customer}", "{}", cancellationToken)).Dispose();
        string body = JsonText.Write(json =>
        {
            json.WriteStartObject();
            json.WriteString("customer", customer);
            json.WriteString("price_book", DemoPrices.Book);
            json.WriteNumber("version", 1);
            json.WriteString("plan", DemoPrices.Plan);
            json.WriteString("start", from.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture));
            json.WriteString("anchor", "calendar");
            json.WriteEndObject();
        });
        (await client.PostAsync("v1/subscriptions", body, cancellationToken)).Dispose();
    }

    private async Task PostUntilDoneAsync(CancellationToken cancellationToken)
    {
        bool more = true;
        while (more)
        {
            using JsonDocument answer = await client.PostAsync("v1/billing-runs", "{}", cancellationToken);
            more = answer.RootElement.GetProperty("more").GetBoolean();
        }
    }

    private async Task ShowInvoicesAsync(CancellationToken cancellationToken)
    {
        Table table = Terminal.NewTable("customer", "invoice", "line", "how", "USD");
        table.Columns[4].RightAligned();
        using JsonDocument list = await client.GetAsync("v1/invoices?limit=100", cancellationToken);
        foreach (JsonElement one in list.RootElement.GetProperty("items").EnumerateArray().OrderBy(one => JsonText.Member(one, "customer"), StringComparer.Ordinal))
        {
            using JsonDocument invoice = await client.GetAsync($"v1/invoices/{JsonText.Member(one, "id")}", cancellationToken);
            AddInvoice(table, invoice.RootElement);
        }

        console.Write(table);
    }

    private static void AddInvoice(Table table, JsonElement invoice)
    {
        string[] name = [JsonText.Member(invoice, "customer"), JsonText.Member(invoice, "number")];
        foreach (JsonElement line in invoice.GetProperty("lines").EnumerateArray())
        {
            string how = line.TryGetProperty("explanation", out JsonElement steps) && steps.ValueKind == JsonValueKind.Array ? StepText.Of(steps) : JsonText.Member(line, "note");
            string[] cells = [.. name, JsonText.Member(line, "component"), how, JsonText.Member(line, "amount")];
            table.AddRow([.. cells.Select(Markup.Escape)]);
            name = ["", ""];
        }

        table.AddRow("", "", "total", "", Markup.Escape(JsonText.Member(invoice, "total")));
    }

    private async Task ShowCorrectionsAsync(CancellationToken cancellationToken)
    {
        Table table = Terminal.NewTable("line", "how", "USD", "becomes");
        table.Columns[2].RightAligned();
        using JsonDocument list = await client.GetAsync("v1/corrections?limit=100", cancellationToken);
        foreach (JsonElement correction in list.RootElement.GetProperty("items").EnumerateArray())
        {
            foreach (JsonElement change in correction.GetProperty("changes").EnumerateArray())
            {
                string[] cells =
                [
                    JsonText.Member(change, "component"), JsonText.Member(change, "arithmetic"), JsonText.Member(change, "amount"),
                    JsonText.Member(correction, "outcome") switch { "charged" => "a line of the next invoice", "credited" => "a credit note", string other => other },
                ];
                table.AddRow([.. cells.Select(Markup.Escape)]);
            }
        }

        console.Write(table);
    }

    private async Task<bool> ShowBalanceAsync(CancellationToken cancellationToken)
    {
        using JsonDocument balance = await client.GetAsync("v1/ledger/trial-balance", cancellationToken);
        Table table = Terminal.NewTable("account", "debit", "credit");
        table.Columns[1].RightAligned();
        table.Columns[2].RightAligned();
        bool isZero = true;
        foreach (JsonElement currency in balance.RootElement.GetProperty("currencies").EnumerateArray())
        {
            foreach (JsonElement account in currency.GetProperty("accounts").EnumerateArray())
            {
                table.AddRow(JsonText.Member(account, "kind"), JsonText.Member(account, "debit"), JsonText.Member(account, "credit"));
            }

            (string debit, string credit) = (JsonText.Member(currency, "debit"), JsonText.Member(currency, "credit"));
            table.AddRow(JsonText.Member(currency, "currency"), debit, credit);
            isZero &= debit == credit;
        }

        console.Write(table);
        console.MarkupLine(isZero ? "[green]exact[/]  Ledger: debits and credits are equal" : "[red]WRONG[/]  Ledger: debits and credits differ");
        return isZero;
    }

    private void Heading(string text)
    {
        console.WriteLine();
        console.MarkupLine($"[bold]{Markup.Escape(text)}[/]");
    }
}
