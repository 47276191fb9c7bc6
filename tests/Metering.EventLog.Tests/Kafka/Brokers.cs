using System.Net.Sockets;

namespace Metering.EventLog.Tests.Kafka;

/// <summary>
/// Which brokers the contract runs against. The mocks are always there; the classes for others are left out of the run when theirs is not, so that
/// nothing counts as skipped, and the run says so in one line.
/// </summary>
internal static class Brokers
{
    private const string LeaveOut = "--filter-not-class";
    private const string DockerSocket = "/var/run/docker.sock";

    /// <summary>The brokers in <c>METERING_TEST_KAFKA</c>, <c>host:port</c>, separated by commas.</summary>
    public static string? Named => Environment.GetEnvironmentVariable("METERING_TEST_KAFKA");

    private static bool DockerAnswers => Environment.GetEnvironmentVariable("DOCKER_HOST") is not null || CanConnect(DockerSocket);

    /// <summary>Says what is there, and adds to the command line what leaves the rest out.</summary>
    public static string[] Announced(string[] args)
    {
        bool docker = DockerAnswers;
        Console.Out.WriteLine($"Kafka contract: mock brokers; mock brokers over TLS and SCRAM-SHA-512 that make topics; {Named ?? "none in METERING_TEST_KAFKA"}; {(docker ? "a container" : "no Docker engine")}.");
        List<string> absent = [];
        if (Named is null)
        {
            absent.Add(typeof(NamedKafkaContract).FullName!);
        }

        if (!docker)
        {
            absent.Add(typeof(ContainerKafkaContract).FullName!);
        }

        return absent.Count == 0 ? args : [.. args, .. absent.SelectMany(name => new[] { LeaveOut, name })];
    }

    private static bool CanConnect(string socket)
    {
        try
        {
            using Socket docker = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            docker.Connect(new UnixDomainSocketEndPoint(socket));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
