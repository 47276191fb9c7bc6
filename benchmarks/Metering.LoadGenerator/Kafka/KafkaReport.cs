using System.Globalization;
using Spectre.Console;

namespace Metering.LoadGenerator.Kafka;

/// <summary>The table, as Markdown.</summary>
internal static class KafkaReport
{
    public static void Print(KafkaRunOptions options, TimeSpan written, TimeSpan read, CatchUpResult caughtUp, OwnRouteResult own, FreshnessResult freshness)
    {
        Table table = new() { Border = TableBorder.Markdown };
        table.AddColumns("what", "measured", "ratio");
        table.AddRow("into the topic, acknowledged (`acks=all`), events/s", PerSecond(written), "–");
        table.AddRow("a bare consumer reads the topic, events/s", PerSecond(read), "1");
        table.AddRow($"from topic to queryable windows, aggregators: {options.Aggregators}, events/s", PerSecond(caughtUp.Took), $"{Figures.Fine(read / caughtUp.Took)} of the bare consumer");
        table.AddRow("of it: from ready until the first flush, s", Figures.Fine(caughtUp.First.TotalSeconds), $"{Figures.Fine(caughtUp.First / caughtUp.Took)} of the time");
        table.AddRow("ClickHouse's own route, events/s", PerSecond(own.Took), "1");
        table.AddRow("from topic to queryable windows, the same", PerSecond(caughtUp.Took), $"{Figures.Fine(own.Took / caughtUp.Took)} of ClickHouse's own route");
        table.AddRow("processor time per event: aggregators, ClickHouse behind them, µs", $"{PerEvent(caughtUp.Aggregators)}, {PerEvent(caughtUp.ClickHouse)}", "–");
        table.AddRow("processor time per event: ClickHouse's own route, µs", PerEvent(own.Processor), "–");
        table.AddRow("aggregators, resident at the end, MiB", Figures.Text(caughtUp.ResidentBytes / 1024.0 / 1024.0), "–");
        table.AddRow($"acknowledged → queryable at {Figures.Text(freshness.Rate)} events/s, p50 / p99 / max ms", Figures.Spread(freshness.Queryable), "–");
        table.AddRow("acknowledged → sealed, at the same rate, p50 / p99 / max ms", Figures.Spread(freshness.Sealed), "–");
        table.AddRow($"end of a minute → sealed, the slowest of {freshness.AfterMinute.Count}, ms", Figures.Text(freshness.AfterMinute.Max()), "–");
        AnsiConsole.Profile.Width = 200;
        AnsiConsole.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{options.Events:N0} events, {options.Partitions} partitions"));
        AnsiConsole.Write(table);

        string PerSecond(TimeSpan took) => Figures.Text(options.Events / took.TotalSeconds);
        string PerEvent(TimeSpan busy) => Figures.Fine(busy.TotalMicroseconds / options.Events);
    }
}
