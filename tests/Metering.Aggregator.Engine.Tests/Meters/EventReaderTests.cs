using System.Text;
using Metering.Aggregator.Engine.Meters;
using Metering.Aggregator.Engine.Tests.Harness;
using Metering.Contracts;
using Xunit;

namespace Metering.Aggregator.Engine.Tests.Meters;

/// <summary>Prices of single events see what the windows sum up.</summary>
public class EventReaderTests
{
    private static readonly MeterRevision s_sum = TestMeters.Of(Aggregation.Sum, 1, path: "$.duration_ms", groupBy: ["$.model", "$.zone"]);

    [Theory]
    [InlineData("""{"duration_ms":"1e3","model":"gpt \u00e9","zone":7}""")]
    [InlineData("""{"duration_ms":0.30000000000000004,"model":null,"zone":true}""")]
    [InlineData("""{"duration_ms":-2.5,"zone":{"a":1}}""")]
    [InlineData("""{"duration_ms":"many","model":"gpt"}""")]
    [InlineData("""{"model":"gpt"}""")]
    [InlineData("")]
    public void An_event_has_the_value_and_the_dimensions_that_it_is_counted_with(string data)
    {
        using TestPartition partition = new([s_sum]);
        partition.Flush(new TestRecord { Data = data });
        bool isCounted = new EventReader(s_sum).TryRead(Encoding.UTF8.GetBytes(data), TestRecord.Noon.Ticks, out Quantity value, out string[] dimensions);

        Assert.Equal(partition.Deltas.Count, isCounted ? 1 : 0);
        if (isCounted)
        {
            Assert.Equal((partition.Deltas[0].Sum, partition.Deltas[0].Group), (value.Unscaled, string.Join('\u241F', dimensions)));
        }
    }

    [Fact]
    public void One_reader_reads_any_number_of_events()
    {
        EventReader reader = new(s_sum);
        string[] events = ["""{"duration_ms":1,"model":"a"}""", """{"zone":"a much longer event that comes between the others","duration_ms":2}""", """{"duration_ms":3}"""];
        Assert.Equal(["1 a,", "2 ,a much longer event that comes between the others", "3 ,"], events.Select(data =>
        {
            Assert.True(reader.TryRead(Encoding.UTF8.GetBytes(data), TestRecord.Noon.Ticks, out Quantity value, out string[] dimensions));
            return $"{value} {string.Join(',', dimensions)}";
        }));
    }
}
