using System.Globalization;

namespace Metering.EndToEnd.Tests.Running;

/// <summary>A clock that processes started with its <see cref="Environment"/> believe. It can be changed while they run; what measures durations is left alone.</summary>
internal sealed class FakeClock : IDisposable
{
    private static readonly TimeSpan s_noticed = TimeSpan.FromSeconds(2);

    private readonly string _file = Path.Combine(Path.GetTempPath(), $"metering-clock-{Guid.NewGuid():N}");
    private DateTimeOffset _since = DateTimeOffset.UtcNow;
    private TimeSpan _ahead;
    private double _rate = 1;

    public FakeClock() => Write();

    /// <summary>For the processes that shall have this clock.</summary>
    public IReadOnlyDictionary<string, string> Environment => new Dictionary<string, string>
    {
        ["LD_PRELOAD"] = Tool.Library("faketime/libfaketime.so.1", "faketime"),
        ["FAKETIME_TIMESTAMP_FILE"] = _file,
        ["FAKETIME_CACHE_DURATION"] = "1",
        ["FAKETIME_DONT_FAKE_MONOTONIC"] = "1",
        ["DONT_FAKE_MONOTONIC"] = "1",
    };

    public DateTimeOffset Now
    {
        get
        {
            DateTimeOffset real = DateTimeOffset.UtcNow;
            return _since + ((real - _since) * _rate) + _ahead;
        }
    }

    /// <summary>From now on this much ahead of the real time (negative: behind). Returns when the processes have noticed.</summary>
    public Task JumpAsync(TimeSpan ahead) => ChangeAsync(ahead, rate: 1);

    /// <summary>From now on, seconds are shorter (above 1) or longer.</summary>
    public Task DriftAsync(double rate) => ChangeAsync(Now - DateTimeOffset.UtcNow, rate);

    public void Dispose() => File.Delete(_file);

    private Task ChangeAsync(TimeSpan ahead, double rate)
    {
        (_since, _ahead, _rate) = (DateTimeOffset.UtcNow, ahead, rate);
        Write();
        return Task.Delay(s_noticed);
    }

    private void Write()
    {
        string temporary = _file + ".new";
        File.WriteAllText(temporary, string.Create(CultureInfo.InvariantCulture, $"{_ahead.TotalSeconds:+0.000;-0.000} x{_rate:0.000}\n"));
        File.Move(temporary, _file, overwrite: true);
    }
}
