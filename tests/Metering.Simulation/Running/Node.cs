namespace Metering.Simulation.Running;

/// <summary>One life of one process. Dead, nothing happens in it any more; paused, everything waits, and it does not know.</summary>
internal sealed class Node
{
    private readonly World _world;
    private readonly Context? _context;
    private readonly Queue<Action> _backlog = new();
    private int _pauses;

    /// <param name="capturesContext">
    /// Whether its code awaits without <c>ConfigureAwait(false)</c>: its continuations then come back to the world's queue, also those that the runtime
    /// would give to the thread pool, as after a cancelled delay. Code with it needs no context, and then everything runs inline.
    /// </param>
    public Node(World world, string name, bool capturesContext = true)
    {
        (_world, Name) = (world, name);
        _context = capturesContext ? new Context(world, this) : null;
    }

    public string Name { get; }

    public bool IsDead { get; private set; }

    public bool IsPaused => _pauses > 0;

    /// <summary>How far its clock is from the true time.</summary>
    public TimeSpan ClockError { get; set; }

    /// <summary>Told when it falls asleep: its connections may be dropped.</summary>
    public event Action? Slept;

    /// <summary>Told when it dies: connections break.</summary>
    public event Action? Died;

    public void Happen(Action action)
    {
        if (IsPaused && !IsDead)
        {
            _backlog.Enqueue(action);
        }
        else if (!IsDead)
        {
            Run(action);
        }
    }

    public void Kill()
    {
        if (!IsDead)
        {
            _world.Tell($"{Name} dies");
            IsDead = true;
            _backlog.Clear();
            Died?.Invoke();
        }
    }

    /// <summary>Stops everything in it for a while, as a long collection or a suspended machine does.</summary>
    public void Pause(TimeSpan duration)
    {
        _world.Tell($"{Name} pauses for {duration}");
        _pauses++;
        Slept?.Invoke();
        _world.After(duration, null, Resume);
    }

    private void Resume()
    {
        _pauses--;
        _world.Tell($"{Name} resumes");
        while (!IsPaused && !IsDead && _backlog.TryDequeue(out Action? action))
        {
            Run(action);
        }
    }

    private void Run(Action action)
    {
        SynchronizationContext? outer = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(_context);
        try
        {
            action();
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(outer);
        }
    }

    private sealed class Context(World world, Node node) : SynchronizationContext
    {
        public override void Post(SendOrPostCallback callback, object? state)
        {
            // What the dead left behind is finalised by the runtime, on its own thread.
            if (!node.IsDead && !world.IsOver && world.IsHere())
            {
                world.After(TimeSpan.Zero, node, () => callback(state));
            }
        }

        public override void Send(SendOrPostCallback callback, object? state) => throw new InvalidOperationException("Nothing waits in the simulation.");
    }
}
