using Metering.EndToEnd.Tests.Faults;
using Xunit;

namespace Metering.EndToEnd.Tests;

/// <summary>The short form of the fault matrix: an answer lost by each store, and one that refuses. <c>./faults</c> runs all of it.</summary>
public class FaultMatrixTests
{
    [Theory]
    [InlineData("C3")]
    [InlineData("P3")]
    [InlineData("C5b")]
    public async Task The_fault_is_survived_exactly(string id)
    {
        FaultRow row = FaultMatrix.Rows.Single(row => row.Id == id);
        FaultResult result = await row.RunAsync(row);

        Assert.True(result.IsExact, result.ToString());
        Assert.True(result.InDoubt > 0, "nothing was in doubt, so nothing was rehearsed");
    }
}
