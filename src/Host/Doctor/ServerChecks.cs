using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Metering.Host.Client;
using Metering.Host.Settings;
using Npgsql;

namespace Metering.Host.Doctor;

/// <summary>The server that runs, or the ports it would need.</summary>
internal static class ServerChecks
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan s_clockTolerance = TimeSpan.FromSeconds(2);

    /// <returns>The lines of the readiness check; null when no server answers.</returns>
    public static async Task<(bool IsReady, string Text)?> ReadinessAsync(MeteringSettings settings, CancellationToken cancellationToken)
    {
        using HttpClient http = new() { Timeout = s_patience };
        try
        {
            using HttpResponseMessage response = await http.GetAsync(new Uri($"http://{settings.Http}/healthz/ready"), cancellationToken);
            string text = await response.Content.ReadAsStringAsync(cancellationToken);
            return (response.IsSuccessStatusCode, string.Join(", ", text.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)));
        }
        catch (Exception problem) when (problem is HttpRequestException || (problem is TaskCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return null;
        }
    }

    public static Finding Server(MeteringSettings settings, (bool IsReady, string Text)? readiness) => readiness switch
    {
        null => Finding.Good("server", $"none runs at http://{settings.Http}"),
        (true, string text) => Finding.Good("server", $"ready at http://{settings.Http}: {text}"),
        (false, string text) => Finding.Bad("server", $"not ready at http://{settings.Http}: {text}", "Its log on standard error says why."),
    };

    public static IEnumerable<Finding> Ports(MeteringSettings settings)
    {
        foreach ((string name, string address) in new[] { ("http", settings.Http), ("grpc", settings.Grpc), ("clickhouse", settings.ClickHouse), ("postgres", settings.Postgres) })
        {
            if (MeteringSettings.IsAddress(address))
            {
                yield return Port(name, MeteringSettings.Address(name, address));
            }
        }
    }

    public static async Task<Finding?> PostgresClockAsync(MeteringSettings settings, bool isAddressGiven, TimeProvider time, CancellationToken cancellationToken)
    {
        try
        {
            await using NpgsqlDataSource source = NpgsqlDataSource.Create(RunningPostgres.Find(settings, isAddressGiven));
            await using NpgsqlCommand now = source.CreateCommand("select clock_timestamp()");
            DateTime there = (DateTime)(await now.ExecuteScalarAsync(cancellationToken))!;
            TimeSpan difference = (time.GetUtcNow().UtcDateTime - there).Duration();
            string text = string.Create(CultureInfo.InvariantCulture, $"{difference.TotalMilliseconds:0} ms from this clock");
            return difference < s_clockTolerance ? Finding.Good("PostgreSQL's clock", text) : Finding.Bad("PostgreSQL's clock", text, "Set the clocks of both machines with NTP.");
        }
        catch (SettingsException problem)
        {
            return Finding.Bad("PostgreSQL", problem.Message, "The server that answers keeps its data elsewhere: give its --data or --postgres here too.");
        }
        catch (NpgsqlException problem)
        {
            return Finding.Bad("PostgreSQL", problem.Message, "Is it running, and is --postgres its address?");
        }
    }

    private static Finding Port(string name, IPEndPoint endpoint)
    {
        using TcpListener listener = new(endpoint);
        try
        {
            listener.Start();
            return Finding.Good($"{name} port", $"{endpoint} is free");
        }
        catch (SocketException problem)
        {
            return Finding.Bad($"{name} port", $"{endpoint}: {problem.Message}", $"Stop what uses it, or choose another with --{name} (port 0 picks a free one).");
        }
    }
}
