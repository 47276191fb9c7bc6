using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Metering.Testing.Kafka;

/// <summary>The mock cluster of the client's native library. Not part of its stable interface: a new version may need changes here.</summary>
internal static partial class MockNative
{
    private const string Library = "librdkafka";
    private const int Producer = 0;

    static MockNative() => NativeLibrary.SetDllImportResolver(typeof(MockNative).Assembly, (name, _, _) => name == Library ? LibraryOfClient() : 0);

    public static nint NewClient()
    {
        byte[] problem = new byte[512];
        nint configuration = NewConfiguration();
        _ = Configure(configuration, "log_level", "3", problem, (nuint)problem.Length); // errors only: it has no brokers and says so
        nint client = New(Producer, configuration, problem, (nuint)problem.Length);
        return client != 0 ? client : throw new InvalidOperationException(System.Text.Encoding.UTF8.GetString(problem).TrimEnd('\0'));
    }

    [LibraryImport(Library, EntryPoint = "rd_kafka_destroy")]
    public static partial void DestroyClient(nint client);

    [LibraryImport(Library, EntryPoint = "rd_kafka_mock_cluster_new")]
    public static partial nint NewCluster(nint client, int brokers);

    [LibraryImport(Library, EntryPoint = "rd_kafka_mock_cluster_destroy")]
    public static partial void DestroyCluster(nint cluster);

    [LibraryImport(Library, EntryPoint = "rd_kafka_mock_cluster_bootstraps")]
    public static partial nint Bootstraps(nint cluster);

    [LibraryImport(Library, EntryPoint = "rd_kafka_mock_broker_set_host_port", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Advertise(nint cluster, int broker, string host, int port);

    [LibraryImport(Library, EntryPoint = "rd_kafka_mock_set_apiversion")]
    public static partial int SetVersions(nint cluster, short api, short lowest, short highest);

    [LibraryImport(Library, EntryPoint = "rd_kafka_mock_set_controller_id")]
    public static partial int SetController(nint cluster, int broker);

    [LibraryImport(Library, EntryPoint = "rd_kafka_mock_topic_create", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int CreateTopic(nint cluster, string topic, int partitions, int replicas);

    [LibraryImport(Library, EntryPoint = "rd_kafka_mock_topic_delete", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int DeleteTopic(nint cluster, string topic);

    [LibraryImport(Library, EntryPoint = "rd_kafka_mock_topic_set_error", StringMarshalling = StringMarshalling.Utf8)]
    public static partial void SetTopicError(nint cluster, string topic, int error);

    [LibraryImport(Library, EntryPoint = "rd_kafka_mock_partition_delete_records", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int DeleteRecords(nint cluster, string topic, int partition, long below);

    [LibraryImport(Library, EntryPoint = "rd_kafka_mock_push_request_errors_array")]
    public static partial void PushErrors(nint cluster, short api, nuint count, int[] errors);

    [LibraryImport(Library, EntryPoint = "rd_kafka_mock_clear_request_errors")]
    public static partial void ClearErrors(nint cluster, short api);

    [LibraryImport(Library, EntryPoint = "rd_kafka_mock_broker_set_rtt")]
    public static partial int SetRoundTrip(nint cluster, int broker, int milliseconds);

    // The package has several builds for one system; the client has found out which one runs here.
    private static nint LibraryOfClient()
    {
        Confluent.Kafka.Library.Load();
        using Process self = Process.GetCurrentProcess();
        string file = self.Modules.Cast<ProcessModule>().First(module => module.FileName.Contains(Library, StringComparison.Ordinal)).FileName;
        return NativeLibrary.Load(file);
    }

    [LibraryImport(Library, EntryPoint = "rd_kafka_conf_new")]
    private static partial nint NewConfiguration();

    [LibraryImport(Library, EntryPoint = "rd_kafka_conf_set", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Configure(nint configuration, string name, string value, byte[] problem, nuint problemBytes);

    [LibraryImport(Library, EntryPoint = "rd_kafka_new")]
    private static partial nint New(int kind, nint configuration, byte[] problem, nuint problemBytes);
}
