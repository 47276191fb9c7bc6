using System.Buffers;
using System.Text;
using Xunit;

namespace Metering.Contracts.Tests;

public class BillingMessageTests
{
    private const string Golden = """{"tenant":"acme","id":"7d444840-9dc0-11d1-b245-5ffdce74fad2","aggregate":"subscription:sub_1","type":"subscription.canceled","at":"2026-01-20T09:01:00+00:00","body":{"state":"canceled","ö":"\"é\""}}""";

    private static readonly BillingMessage s_message = new(
        "acme", "7d444840-9dc0-11d1-b245-5ffdce74fad2", "subscription:sub_1", "subscription.canceled", new DateTimeOffset(2026, 1, 20, 10, 1, 0, TimeSpan.FromHours(1)), """{"state":"canceled","ö":"\"é\""}""");

    [Fact]
    public void A_message_is_written_as_it_always_was()
    {
        ArrayBufferWriter<byte> output = new();
        s_message.Write(output);
        Assert.Equal(Golden, Encoding.UTF8.GetString(output.WrittenSpan));
        Assert.Equal(s_message, BillingMessage.Read(output.WrittenMemory));
    }

    [Fact]
    public void Messages_of_one_aggregate_are_in_one_partition_and_others_spread()
    {
        Assert.Equal(s_message.Partition(4), (s_message with { Id = "other", Type = "subscription.created" }).Partition(4));
        Assert.Equal(4, Enumerable.Range(0, 100).Select(i => (s_message with { Aggregate = $"subscription:sub_{i}" }).Partition(4)).Distinct().Count());
    }

    [Theory]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("""{"tenant":"acme"}""")]
    public void What_is_no_message_is_refused(string record) => Assert.Throws<InvalidDataException>(() => BillingMessage.Read(Encoding.UTF8.GetBytes(record)));
}
