using System.Net;
using System.Net.Sockets;
using Metering.EndToEnd.Tests.Faults;
using Metering.EndToEnd.Tests.Load;
using Metering.EndToEnd.Tests.Model;
using Metering.EndToEnd.Tests.Running;
using Xunit;

namespace Metering.EndToEnd.Tests;

public class StopTests(ITestOutputHelper output)
{
    private const int CannotRun = 2;
    private const int Seed = 5;

    [Fact]
    public async Task Stopped_under_load_it_ends_soon_and_keeps_everything_it_acknowledged()
    {
        await using MeteringProcess metering = await MeteringProcess.StartAsync();
        using MeteringClient client = metering.NewClient();
        TestMeter meter = new("tokens", "SUM", MadeEvent.Type, "tokens", "model");
        await client.CreateMeterAsync(meter);
        SentRecords records = new();
        using CancellationTokenSource stop = new();
        Task[] load = [.. Enumerable.Range(0, 3).Select(i =>
            new HttpSender(client, records, new EventMaker($"sender-{i}", Seed + i), Seed + i, TimeSpan.FromMilliseconds(2)).RunAsync(stop.Token))];
        await Task.Delay(2500);
        IReadOnlyList<int> engines = metering.Children();
        (int exitCode, TimeSpan took) = await metering.StopAsync();
        Assert.True(engines.Count >= 2 && engines.All(MeteringProcess.IsGone), "engines outlived the program");
        await metering.StartAgainAsync();
        await stop.CancelAsync();
        await Task.WhenAll(load);
        output.WriteLine($"stopped in {took.TotalMilliseconds:N0} ms, started again in {metering.StartTime.TotalMilliseconds:N0} ms, {records.Acknowledged} acknowledged");
        Assert.Equal(0, exitCode);
        Assert.True(took < TimeSpan.FromSeconds(20), $"{took}");

        await client.SettleAsync();
        List<StoredEvent> stored = await StoredEvent.ReadAsync(client);
        Assert.Empty(records.Lost(stored.Select(one => one.Kind == "amend" ? $"amend {one.Source} {one.Id} {one.Data}" : $"{one.Kind} {one.Source} {one.Id}").ToHashSet()));
        await UsageModel.AssertEqualAsync(client, meter, StoredEvent.Effective(stored));
        await client.AuditAsync();
    }

    [Fact]
    public async Task A_folder_in_use_and_a_port_in_use_are_said_in_one_sentence()
    {
        await using MeteringProcess metering = await MeteringProcess.StartAsync();
        string data = Path.Combine(metering.Folder, "data");
        string[] free = ["--http", "127.0.0.1:0", "--grpc", "127.0.0.1:0", "--clickhouse", "127.0.0.1:0", "--postgres", "127.0.0.1:0"];
        (int exitCode, string errors) = await MeteringProcess.RunToExitAsync(["up", "--data", data, .. free]);
        AssertRefused(exitCode, errors, data);

        using TcpListener taken = new(IPAddress.Loopback, 0);
        taken.Start();
        string address = taken.LocalEndpoint.ToString()!;
        for (int i = 0; i < free.Length; i += 2)
        {
            string[] arguments = [.. free];
            arguments[i + 1] = address;
            string folder = Directory.CreateDirectory(Path.Combine(metering.Folder, "other" + i)).FullName;
            (exitCode, errors) = await MeteringProcess.RunToExitAsync(["up", "--data", folder, .. arguments]);
            AssertRefused(exitCode, errors, address.Split(':')[1]);
        }
    }

    [Fact]
    public async Task A_damaged_log_is_said_in_one_sentence()
    {
        await using MeteringProcess metering = await MeteringProcess.StartAsync();
        using MeteringClient client = metering.NewClient();
        for (int i = 0; i < 5; i++)
        {
            await client.IngestAsync(new EventMaker($"damaged-{i}", Seed).Events(20, DateTimeOffset.UtcNow).Json);
        }

        await metering.KillAsync();
        string log = Path.Combine(metering.Data, "log", "topics", "usage.events", "log.0");
        FileDamage.Flip(log, at: 1000, bit: 3);
        (int exitCode, string errors) = await metering.RefusesToStartAsync();
        AssertRefused(exitCode, errors, "damaged");
        FileDamage.Flip(log, at: 1000, bit: 3);
        await metering.StartAgainAsync();
    }

    private void AssertRefused(int exitCode, string errors, string names)
    {
        string message = errors.TrimEnd().Split('\n')[^1];
        output.WriteLine(message);
        Assert.Equal(CannotRun, exitCode);
        Assert.StartsWith("metering: ", message, StringComparison.Ordinal);
        Assert.Contains(names, message, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", errors, StringComparison.Ordinal);
    }
}
