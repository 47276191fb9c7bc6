using System.CommandLine;

namespace Metering.LoadGenerator.Kafka;

/// <summary><c>metering-load kafka</c>.</summary>
internal static class KafkaCommand
{
    public static Command Create()
    {
        Option<long> events = new("--events") { Description = "Events in the topic before they are counted", DefaultValueFactory = _ => 2_000_000 };
        Option<int> partitions = new("--partitions") { Description = "Partitions of the topic", DefaultValueFactory = _ => 32 };
        Option<int> aggregators = new("--aggregators") { Description = "Processes that count", DefaultValueFactory = _ => 1 };
        Option<double> rate = new("--rate") { Description = "Events per second, while freshness is measured", DefaultValueFactory = _ => 5000 };
        Option<int> seconds = new("--seconds") { Description = "How long freshness is sampled", DefaultValueFactory = _ => 60 };
        Command command = new("kafka", "Measures the roles over Kafka: starts brokers, stores and processes by itself, on loopback and in a temporary folder.") { events, partitions, aggregators, rate, seconds };
        command.SetAction((parsed, cancellation) => KafkaRun.RunAsync(
            new KafkaRunOptions
            {
                Events = parsed.GetValue(events),
                Partitions = parsed.GetValue(partitions),
                Aggregators = parsed.GetValue(aggregators),
                Rate = parsed.GetValue(rate),
                Sampling = TimeSpan.FromSeconds(parsed.GetValue(seconds)),
            },
            cancellation));
        return command;
    }
}
