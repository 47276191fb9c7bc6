namespace Metering.EndToEnd.Tests.Running;

/// <summary><c>metering up</c> as a deployment.</summary>
internal sealed class OneMachine : IDeployment
{
    private readonly OneMachineOptions _options;

    private OneMachine(MeteringProcess process, OneMachineOptions options)
    {
        Process = process;
        _options = options;
    }

    public MeteringProcess Process { get; }

    public int InDoubt => Doubts.In(Process.Errors);

    /// <summary>The engine's process.</summary>
    public int ClickHouseProcess => Process.Children().Single(child => Runs(child, "clickhouse"));

    /// <summary>The server's process.</summary>
    public int PostgresProcess => Process.Children().Single(child => Runs(child, "postgres"));

    /// <summary>Whether there is one just now.</summary>
    public bool HasPostgres => Process.Children().Any(child => Runs(child, "postgres") && !MeteringProcess.IsGone(child));

    /// <summary>Where the embedded log keeps the topic.</summary>
    public string LogFolder => Path.Combine(Process.Data, "log", "topics", Contracts.Topics.UsageEvents);

    public FakeClock Clock => _options.Clock ?? throw new InvalidOperationException("This machine has the real clock.");

    public static async Task<OneMachine> StartAsync(OneMachineOptions options)
    {
        Dictionary<string, string> environment = new(MeteringProcess.SealsQuickly);
        foreach ((string name, string value) in options.Environment.Concat(options.Clock?.Environment ?? new Dictionary<string, string>()))
        {
            environment[name] = value;
        }

        return new OneMachine(await MeteringProcess.StartAsync(environment, options.PrepareFolder), options);
    }

    public Task<MeteringClient> NewClientAsync(int entrance = 0) => Task.FromResult(Process.NewClient(_options.Clock));

    public async ValueTask DisposeAsync()
    {
        await Process.DisposeAsync();
        _options.Clock?.Dispose();
    }

    /// <summary>False of a process that has ended meanwhile.</summary>
    private static bool Runs(int process, string program)
    {
        try
        {
            return File.ReadAllText($"/proc/{process}/cmdline").Contains(program, StringComparison.Ordinal);
        }
        catch (IOException)
        {
            return false;
        }
    }
}

/// <summary>What one machine is started with.</summary>
internal sealed record OneMachineOptions
{
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();

    /// <summary>The clock of the process, of its engines and of its clients; null for the real one.</summary>
    public FakeClock? Clock { get; init; }

    /// <summary>Done to the empty folder; what it returns is disposed of when the process is gone.</summary>
    public Func<string, IDisposable>? PrepareFolder { get; init; }
}
