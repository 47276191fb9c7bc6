using Metering.Billing;
using Metering.Billing.Invoicing;
using Metering.Billing.Postgres.Invoices;
using Metering.Billing.Postgres.Tenancy;
using Metering.Billing.Subscriptions;
using Metering.BillingCore.Tests.Testing;
using Xunit;

namespace Metering.BillingCore.Tests.Invoices;

/// <summary>What invoices mean for their subscriptions. A customer has 30 days to pay, and 7 days of grace.</summary>
public sealed class StandingTests(Engines engines)
{
    [Fact]
    public async Task The_first_payment_activates()
    {
        await using Shop shop = await Shop.OpenAsync(engines);
        string id = await shop.SubscribeAsync(more: ",\"first_payment\":true");
        Assert.Equal("incomplete", await StateAsync(shop, id));
        string invoice = await BillAsync(shop, id);
        await PayAsync(shop, invoice, "5", "part");
        Assert.Equal("incomplete", await StateAsync(shop, id));
        await PayAsync(shop, invoice, "7", "rest");
        Assert.Equal("active", await StateAsync(shop, id));
        Assert.Equal("1", await shop.ScalarAsync("select count(*) from billing.outbox where type = 'subscription.first_paid'"));
    }

    [Fact]
    public async Task A_subscription_is_overdue_when_an_open_invoice_is_and_recovers_when_it_is_paid()
    {
        await using Shop shop = await Shop.OpenAsync(engines);
        string id = await shop.SubscribeAsync();
        string invoice = await BillAsync(shop, id);
        Assert.Equal(Standing.Good, await StandingAsync(shop, id));
        shop.Time.Advance(TimeSpan.FromDays(30));
        Assert.Equal(Standing.Overdue, await StandingAsync(shop, id));
        shop.Time.Advance(TimeSpan.FromDays(7));
        Assert.Equal(Standing.GraceOver, await StandingAsync(shop, id));
        await PayAsync(shop, invoice, "12", "wire");
        Assert.Equal(Standing.Good, await StandingAsync(shop, id));
        Assert.Equal("active", await StateAsync(shop, id));
    }

    private static async Task<string> StateAsync(Shop shop, string id) => (await shop.ScalarAsync($"select state from billing.subscription where id = '{id}'"))!;

    private static async Task PayAsync(Shop shop, string invoice, string amount, string reference)
    {
        Answered paid = await shop.Host.SendAsync("POST", $"/v1/invoices/{invoice}/payments", $$"""{"reference":"{{reference}}","amount":"{{amount}}"}""");
        Assert.True(paid.Status == 201, paid.Text);
    }

    private static async Task<Standing> StandingAsync(Shop shop, string id)
    {
        await using TenantTransaction transaction = await new TenantDatabase(shop.Database).BeginAsync(shop.Host.Tenant, TestContext.Current.CancellationToken);
        return (await new InvoiceStandings().ReadAsync(transaction, [id], shop.Time.GetUtcNow(), TestContext.Current.CancellationToken)).GetValueOrDefault(id);
    }

    private static async Task<string> BillAsync(Shop shop, string subscription)
    {
        Currency euro = Currency.Of("EUR");
        AmountCharge fee = Charges.Fee("base", "10");
        InvoiceInputs inputs = Charges.Inputs(subscription, fee with { Amount = new Money(fee.Amount.MinorUnits, euro) }) with { Currency = euro };
        await using TenantTransaction transaction = await new TenantDatabase(shop.Database).BeginAsync(shop.Host.Tenant, TestContext.Current.CancellationToken);
        DateTimeOffset now = shop.Time.GetUtcNow();
        string id = (await InvoiceDrafts.OpenAsync(transaction, [(new DraftKey(subscription, now, "advance", 1), "acme", euro)], now, TestContext.Current.CancellationToken))[0];
        await Finalization.FinalizeAsync(
            transaction, [new InvoiceToFinalize(id, inputs, Incomplete: false, Reason: null, new Dictionary<int, Money>())], now, TestContext.Current.CancellationToken);
        await transaction.CommitAsync(TestContext.Current.CancellationToken);
        return id;
    }
}
