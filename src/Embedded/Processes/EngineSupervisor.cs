using Microsoft.Extensions.Logging;

namespace Metering.Embedded.Processes;

/// <summary>Keeps one engine running until disposed: started, watched, restarted with exponential back-off, stopped cleanly.</summary>
internal sealed class EngineSupervisor : IAsyncDisposable
{
    private static readonly TimeSpan ReadyPoll = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan FirstDelay = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan MaxDelay = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Healthy = TimeSpan.FromMinutes(1);

    private readonly EngineSpec _spec;
    private readonly ILogger _logger;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _stopping = new();
    private EngineProcess _current;
    private Task _watch = Task.CompletedTask;

    private EngineSupervisor(EngineSpec spec, ILogger logger, TimeProvider time)
    {
        _spec = spec;
        _logger = logger;
        _time = time;
        _current = new EngineProcess(spec, logger);
    }

    public int ProcessId => _current.Id;

    /// <summary>How often the engine has been started again since it first became ready.</summary>
    public int Restarts { get; private set; }

    public static async Task<EngineSupervisor> StartAsync(EngineSpec spec, ILogger logger, TimeProvider time, CancellationToken cancellationToken)
    {
        EngineSupervisor supervisor = new(spec, logger, time);
        try
        {
            await supervisor.WaitUntilReadyAsync(cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            await supervisor.StopCurrentAsync().ConfigureAwait(false);
            throw;
        }

        supervisor._watch = supervisor.WatchAsync();
        return supervisor;
    }

    public async ValueTask DisposeAsync()
    {
        if (_stopping.IsCancellationRequested)
        {
            return;
        }

        await _stopping.CancelAsync().ConfigureAwait(false);
        await _watch.ConfigureAwait(false);
        await StopCurrentAsync().ConfigureAwait(false);
        EmbeddedLog.Stopped(_logger, _spec.Name);
        _stopping.Dispose();
    }

    private async Task WatchAsync()
    {
        TimeSpan delay = FirstDelay;
        while (true)
        {
            long started = _time.GetTimestamp();
            await Task.WhenAny(_current.WaitForExitAsync(), Cancelled()).ConfigureAwait(false);
            if (_stopping.IsCancellationRequested)
            {
                return;
            }

            delay = _time.GetElapsedTime(started) > Healthy ? FirstDelay : delay;
            EmbeddedLog.Died(_logger, _spec.Name, _current.Id, _current.ExitCode, (long)delay.TotalMilliseconds, _current.Diagnose());
            delay = await RestartAsync(delay).ConfigureAwait(false);
        }
    }

    /// <summary>Returns the delay before the next restart, should there be one.</summary>
    private async Task<TimeSpan> RestartAsync(TimeSpan delay)
    {
        while (true)
        {
            try
            {
                await Task.Delay(delay, _time, _stopping.Token).ConfigureAwait(false);
                delay = delay * 2 < MaxDelay ? delay * 2 : MaxDelay;
                _current.Dispose();
                _current = new EngineProcess(_spec, _logger);
                await WaitUntilReadyAsync(_stopping.Token).ConfigureAwait(false);
                Restarts++;
                return delay;
            }
            catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
            {
                return delay;
            }
            catch (EngineException exception)
            {
                await StopCurrentAsync().ConfigureAwait(false);
                EmbeddedLog.RestartFailed(_logger, exception, _spec.Name, (long)delay.TotalMilliseconds);
            }
        }
    }

    private async Task WaitUntilReadyAsync(CancellationToken cancellationToken)
    {
        long started = _time.GetTimestamp();
        while (!await _spec.IsReady(cancellationToken).ConfigureAwait(false))
        {
            if (_current.HasExited)
            {
                await _current.WaitForExitAsync().ConfigureAwait(false);
                throw new EngineException($"{_spec.Name} exited with code {_current.ExitCode} while starting. It said: {_current.Diagnose()}");
            }

            if (_time.GetElapsedTime(started) > _spec.StartTimeout)
            {
                throw new EngineException($"{_spec.Name} was not ready on {_spec.Endpoint} within {_spec.StartTimeout.TotalSeconds:0} s. It said: {_current.Diagnose()}");
            }

            await Task.Delay(ReadyPoll, _time, cancellationToken).ConfigureAwait(false);
        }

        EmbeddedLog.Ready(_logger, _spec.Name, _spec.Endpoint, (long)_time.GetElapsedTime(started).TotalMilliseconds);
    }

    private async Task StopCurrentAsync()
    {
        if (!_current.HasExited && !await _current.StopAsync(_time).ConfigureAwait(false))
        {
            EmbeddedLog.Killed(_logger, _spec.Name, (long)_spec.StopTimeout.TotalMilliseconds);
        }
    }

    private Task Cancelled() => Task.Delay(Timeout.InfiniteTimeSpan, _time, _stopping.Token);
}
