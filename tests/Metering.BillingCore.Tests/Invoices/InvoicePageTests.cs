using System.Text.Json;
using Metering.Billing.Postgres.Invoices;
using Metering.BillingCore.Tests.Testing;
using Xunit;
using static Metering.BillingCore.Tests.Invoices.Charges;

namespace Metering.BillingCore.Tests.Invoices;

public sealed class InvoicePageTests(Engines engines)
{
    [Fact]
    public async Task A_line_is_explained_step_by_step()
    {
        await using BilledTenant acme = await BilledTenant.StartAsync(engines);
        InvoiceRow invoice = await acme.BillAsync(Fee("a", "5"), Calls(30));
        JsonElement answer = (await acme.Host.SendAsync("GET", $"/v1/invoices/{invoice.Id}/lines/2/explain")).Json;
        Assert.Equal(["tier 10 1 10", "tier 20 0.5 10"], answer.GetProperty("explanation").EnumerateArray()
            .Where(step => step.GetProperty("step").GetString() == "tier")
            .Select(step => $"tier {step.GetProperty("quantity").GetString()} {step.GetProperty("unit").GetString()} {step.GetProperty("exact").GetString()}"));
        JsonElement line = answer.GetProperty("line");
        Assert.Equal(
            $"{invoice.Id}/2 calls 20.00 4.00 24.00 standard 1, pro",
            string.Join(" ", new[] { "id", "key", "amount", "tax", "total", "priced_by" }.Select(name => line.GetProperty(name).GetString())));
        Assert.Equal(404, (await acme.Host.SendAsync("GET", $"/v1/invoices/{invoice.Id}/lines/3/explain")).Status);
        Assert.Equal(404, (await acme.Host.SendAsync("GET", $"/v1/invoices/{invoice.Id}/lines/x/explain")).Status);
    }

    [Fact]
    public async Task A_cell_of_a_matrix_has_its_own_steps()
    {
        await using BilledTenant acme = await BilledTenant.StartAsync(engines);
        InvoiceRow invoice = await acme.BillAsync(Matrix(("gpt", 3), ("llama", 5)));
        for (int n = 1; n <= 2; n++)
        {
            JsonElement steps = (await acme.Host.SendAsync("GET", $"/v1/invoices/{invoice.Id}/lines/{n}/explain")).Json.GetProperty("explanation");
            Assert.Equal([n == 1 ? "3" : "5"], steps.EnumerateArray().Where(step => step.GetProperty("step").GetString() == "tier").Select(step => step.GetProperty("quantity").GetString()));
        }
    }

    [Fact]
    public async Task The_page_shows_the_whole_invoice_and_needs_nothing_else()
    {
        await using BilledTenant acme = await BilledTenant.StartAsync(engines);
        InvoiceRow invoice = await acme.BillAsync(Calls(30), Advance("seats", "80") with { Arithmetic = "3 × 26.67" });
        await acme.PayAsync(invoice.Id, "50", "wire-1");
        await acme.PostAsync($"/v1/invoices/{invoice.Id}/credit-notes", """{"reason":"outage","lines":[{"line":1,"amount":"10"}]}""");
        Answered page = await acme.Host.SendAsync("GET", $"/v1/invoices/{invoice.Id}/html");
        Assert.Equal(200, page.Status);
        foreach (string text in new[]
        {
            "<h1>Invoice INV-000001</h1>", "Acme Inc.", "1 January 2026 – 1 February 2026", "standard 1, pro", "3 × 26.67", "How it was computed", "from 10 and above", "0.5 each", "4.00 (20 %)",
            "<td>Total</td>\n<td class=\"number\">120.00 USD</td>", "<td>To be paid</td>\n<td class=\"number\">58.00 USD</td>", "wire-1", "CN-000001", "outage",
        })
        {
            Assert.Contains(text, page.Text, StringComparison.Ordinal);
        }

        Assert.DoesNotContain("http:", page.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("https:", page.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("<script", page.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("src=", page.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nothing_that_people_write_becomes_markup()
    {
        await using BilledTenant acme = await BilledTenant.StartAsync(engines);
        const string Evil = "\"><script>alert(1)</script>'&";
        await acme.AddCustomerAsync("evil", name: Evil);
        InvoiceRow invoice = await acme.BillAsync("evil", [Fee(Evil, "10") with { PricedBy = Evil, Arithmetic = Evil }, Calls(3) with { Component = Evil }]);
        string reason = JsonSerializer.Serialize(Evil);
        await acme.PostAsync($"/v1/invoices/{invoice.Id}/payments", $$"""{"reference":{{reason}},"amount":"1"}""");
        await acme.PostAsync($"/v1/invoices/{invoice.Id}/credit-notes", $$"""{"reason":{{reason}},"lines":[{"line":1,"amount":"1"}]}""");
        await acme.PostAsync($"/v1/invoices/{invoice.Id}/write-off", $$"""{"reason":{{reason}}}""", 200);
        string page = (await acme.Host.SendAsync("GET", $"/v1/invoices/{invoice.Id}/html")).Text;
        Assert.DoesNotContain("<script", page, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("\">alert", page, StringComparison.Ordinal);
        Assert.Contains("&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;&#x27;&amp;", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_draft_has_a_page_too()
    {
        await using BilledTenant acme = await BilledTenant.StartAsync(engines);
        Assert.Contains("Draft invoice", (await acme.Host.SendAsync("GET", $"/v1/invoices/{await acme.OpenAsync()}/html")).Text, StringComparison.Ordinal);
    }
}
