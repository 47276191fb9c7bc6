using Metering.Billing.Postgres.Jobs;
using Metering.Billing.Postgres.Tenancy;
using Metering.BillingCore.Grants;
using Metering.BillingCore.Tests.Testing;
using Xunit;

namespace Metering.BillingCore.Tests.Grants;

public sealed class GrantExpiryJobTests(Engines engines)
{
    [Fact]
    public async Task Grants_of_every_tenant_expire_when_their_time_has_come()
    {
        await using Shop shop = await Shop.OpenAsync(engines);
        Answered made = await shop.Host.SendAsync(
            "POST", "/v1/grants", """{"customer":"acme","kind":"promotional","amount":"5","currency":"EUR","reference":"gift","expires_at":"2026-04-01T00:00:00Z"}""");
        Assert.Equal(201, made.Status);
        GrantExpiryJob job = new(shop.Database, new TenantDatabase(shop.Database), shop.Time);
        await using Ownership mine = await Testing.Jobs.TakeAsync(shop.Database, GrantExpiryJob.Job);
        await job.StepAsync(mine, TestContext.Current.CancellationToken);
        Assert.Equal("usable", await shop.ScalarAsync("select state from billing.credit_grant"));
        shop.Set("2026-04-01T00:00:00Z");
        await job.StepAsync(mine, TestContext.Current.CancellationToken);
        Assert.Equal("expired 0", await shop.ScalarAsync("select state || ' ' || remaining from billing.credit_grant"));
    }
}
