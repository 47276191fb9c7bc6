using Metering.Ingest.Tests.Support;
using Microsoft.Extensions.Options;
using Xunit;

namespace Metering.Ingest.Tests;

public class IngestOptionsTests
{
    [Fact]
    public async Task A_value_out_of_range_stops_the_start_and_is_named()
    {
        OptionsValidationException error = await Assert.ThrowsAsync<OptionsValidationException>(
            () => IngestServer.StartAsync(options => options.MaxBatchEvents = 0));
        Assert.Contains(nameof(IngestOptions.MaxBatchEvents), error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_timeout_out_of_range_is_found_too() => await Assert.ThrowsAsync<OptionsValidationException>(
        () => IngestServer.StartAsync(options => options.PublishTimeout = TimeSpan.Zero));

    [Fact]
    public async Task A_body_that_could_never_be_read_is_refused()
    {
        OptionsValidationException error = await Assert.ThrowsAsync<OptionsValidationException>(
            () => IngestServer.StartAsync(options => options.MaxInFlightBytes = options.MaxBodyBytes - 1));
        Assert.Contains("MaxInFlightBytes", error.Message, StringComparison.Ordinal);
    }
}
