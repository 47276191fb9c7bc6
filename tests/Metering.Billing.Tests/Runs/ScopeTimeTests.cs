using Metering.Billing.Runs;
using Xunit;

namespace Metering.Billing.Tests.Runs;

public sealed class ScopeTimeTests
{
    [Theory]
    [InlineData("calls#0a1b", "0a1b", false)]
    [InlineData("calls#0a1b~trial", "0a1b", true)]
    [InlineData("calls#0a1b@20260115T1230", "0a1b", false)]
    [InlineData("calls#0a1b~trial@20260115T1230", "0a1b", true)]
    public void A_key_of_a_rating_scope_names_its_price_and_whether_it_is_a_trial(string key, string price, bool isTrial) =>
        Assert.Equal((price, isTrial), (ScopeTime.PriceOf("calls", key), ScopeTime.IsTrial("calls", key)));
}
