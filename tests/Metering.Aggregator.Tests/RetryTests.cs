using Metering.Aggregator.Partitions;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Metering.Aggregator.Tests;

public sealed class RetryTests
{
    private readonly Retry _retry = new(TimeProvider.System, new Random(1), NullLogger<Retry>.Instance);

    [Fact]
    public async Task A_database_that_fails_is_asked_again()
    {
        int asked = 0;
        int answer = await _retry.ExecuteAsync(_ => ++asked < 3 ? Task.FromException<int>(new IOException("cut")) : Task.FromResult(asked), TestContext.Current.CancellationToken);
        Assert.Equal(3, answer);
    }

    [Fact]
    public async Task What_does_not_fit_in_memory_is_not_tried_again()
    {
        int tried = 0;
        await Assert.ThrowsAsync<OutOfMemoryException>(() => _retry.ExecuteAsync(
            _ => ++tried == 1 ? Task.FromException<int>(new OutOfMemoryException()) : Task.FromResult(tried), TestContext.Current.CancellationToken));
        Assert.Equal(1, tried);
    }
}
