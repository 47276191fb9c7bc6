using System.CommandLine;
using Metering.LoadGenerator;
using Metering.LoadGenerator.Billing;
using Metering.LoadGenerator.Discarding;
using Metering.LoadGenerator.Kafka;

Option<string> mode = new("--mode") { Description = "http or grpc", DefaultValueFactory = _ => "http" };
Option<string> url = new("--url") { Description = "Where to send: the HTTP or the gRPC address", Required = true };
Option<string?> clickHouse = new("--clickhouse") { Description = "Measure through to queryable usage here; absent: only what is acknowledged" };
Option<int> batch = new("--batch") { Description = "Events of a batch", DefaultValueFactory = _ => 1000 };
Option<int> connections = new("--connections") { Description = "Connections, each with one request on its way (gRPC: one stream)", DefaultValueFactory = _ => 4 };
Option<long> events = new("--events") { Description = "How many events", DefaultValueFactory = _ => 2_000_000 };
Option<double> rate = new("--rate") { Description = "Events per second, whatever the server does; absent: as fast as it answers" };
Option<int?> process = new("--pid") { Description = "The server's process, to tell its memory" };
Option<string?> api = new("--api") { Description = "The HTTP address, when --url is the gRPC one: meters are made there" };

RootCommand root = new("Sends usage as fast as a server takes it, or at a given rate, and measures.") { mode, url, clickHouse, batch, connections, events, rate, process, api };
root.SetAction((parsed, cancellation) => Run.RunAsync(
    new LoadOptions
    {
        IsGrpc = parsed.GetValue(mode) == "grpc",
        Url = new Uri(parsed.GetValue(url)!),
        Api = new Uri(parsed.GetValue(api) ?? parsed.GetValue(url)!),
        ClickHouse = parsed.GetValue(clickHouse) is { } address ? new Uri(address) : null,
        Batch = parsed.GetValue(batch),
        Connections = parsed.GetValue(connections),
        Events = parsed.GetValue(events),
        Rate = parsed.GetValue(rate),
        ProcessId = parsed.GetValue(process),
    },
    cancellation));

Command discard = new("discard", "The reference: takes the same bodies and streams, reads them, and answers as if it had stored them.");
discard.SetAction((_, cancellation) => DiscardServer.RunAsync(cancellation));
root.Subcommands.Add(discard);
root.Subcommands.Add(KafkaCommand.Create());
root.Subcommands.Add(BillingCommand.Create());

// Long enough to end what was started and to remove its files.
return await root.Parse(args).InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = TimeSpan.FromMinutes(2) });
