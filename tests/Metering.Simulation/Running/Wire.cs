namespace Metering.Simulation.Running;

/// <summary>
/// The road from one process to one store. A request may be lost on the way there, its answer on the way back, it may arrive long after the
/// caller has given up, and the caller may die or fall asleep at any moment of it. A request that is on its way needs no caller.
/// </summary>
internal sealed class Wire(World world, Node node, WireFaults faults, Func<string, Exception> lost)
{
    public Node Node => node;

    /// <param name="name">Of the call, for the story.</param>
    /// <param name="apply">What the store does, all at once, and its answer.</param>
    /// <param name="partially">What the store did when it failed in the middle; null for stores that do all or nothing.</param>
    /// <param name="rows">For a transaction: the locks it takes with its first statement and holds until it is committed.</param>
    public async Task<T> CallAsync<T>(string name, Func<T> apply, CancellationToken cancellationToken, Action? partially = null, RowLocks? rows = null)
    {
        world.CheckThread();
        cancellationToken.ThrowIfCancellationRequested();
        TaskCompletionSource<T> answer = new();
        Fate fate = faults.Draw(world, partially is not null);
        if (fate != Fate.Well)
        {
            world.Tell($"{node.Name} {name}: {fate}");
        }

        world.After(faults.Latency(world), null, () => Arrive(name, fate, apply, partially, rows, answer));
        await using CancellationTokenRegistration cancelled = cancellationToken.UnsafeRegister(
            static (state, token) => ((TaskCompletionSource<T>)state!).TrySetCanceled(token), answer);
        T result = await answer.Task;
        world.CheckThread();
        return result;
    }

    private void Arrive<T>(string name, Fate fate, Func<T> apply, Action? partially, RowLocks? rows, TaskCompletionSource<T> answer)
    {
        if (rows?.HeldFor(world) is { } wait)
        {
            world.After(wait, null, () => Arrive(name, fate, apply, partially, rows, answer));
            return;
        }

        if (faults.IsDown(world))
        {
            Fail(name, answer);
            return;
        }

        switch (fate)
        {
            case Fate.DiesBefore:
                node.Kill();
                return;
            case Fate.LostRequest:
                Fail(name, answer);
                return;
            case Fate.Partial:
                partially!();
                Fail(name, answer);
                return;
            case Fate.ArrivesLate:
                TimeSpan delay = world.Between(0.5, 45);
                rows?.Hold(world, delay);
                world.After(delay, null, () => apply());
                Fail(name, answer);
                return;
            case Fate.SleepsBefore:
                node.Pause(faults.Sleep(world));
                break;
        }

        T result = apply();
        switch (fate)
        {
            case Fate.DiesAfter:
                node.Kill();
                return;
            case Fate.LostAnswer:
                Fail(name, answer);
                return;
            case Fate.SleepsAfter:
                node.Pause(faults.Sleep(world));
                break;
        }

        world.After(faults.Latency(world), node, () => answer.TrySetResult(result));
    }

    private void Fail<T>(string name, TaskCompletionSource<T> answer) =>
        world.After(world.Between(0.01, 1.5), node, () => answer.TrySetException(lost(name)));
}

/// <summary>The locks of PostgreSQL that a transaction holds whose commit takes its time: others wait for it, also the retry of the one that lost its answer.</summary>
internal sealed class RowLocks
{
    private DateTimeOffset _until;

    public TimeSpan? HeldFor(World world) => world.Now <= _until ? _until - world.Now + TimeSpan.FromTicks(1) : null;

    public void Hold(World world, TimeSpan duration) => _until = world.Now + duration;
}

/// <summary>What becomes of one request.</summary>
internal enum Fate
{
    Well,
    LostRequest,
    LostAnswer,
    Partial,
    ArrivesLate,
    DiesBefore,
    DiesAfter,
    SleepsBefore,
    SleepsAfter,
}

/// <summary>How likely each fate is for the calls of one store. Set to nothing when the faults end.</summary>
internal sealed class WireFaults
{
    public double Loss { get; set; }

    public double Death { get; set; }

    public double Slumber { get; set; }

    /// <summary>The longest a process sleeps, in seconds: longer than a lease.</summary>
    public double LongestSleep { get; set; } = 40;

    /// <summary>Until when the store answers nobody.</summary>
    public DateTimeOffset DownUntil { get; set; }

    public double Slowness { get; set; } = 0.01;

    public bool IsDown(World world) => world.Now < DownUntil;

    public TimeSpan Latency(World world) => world.Between(0.0005, Slowness);

    public TimeSpan Sleep(World world) => world.Between(1, LongestSleep);

    public Fate Draw(World world, bool canBePartial)
    {
        double chance = world.Random.NextDouble();
        if ((chance -= Death) < 0)
        {
            return world.Chance(0.5) ? Fate.DiesBefore : Fate.DiesAfter;
        }

        if ((chance -= Slumber) < 0)
        {
            return world.Chance(0.5) ? Fate.SleepsBefore : Fate.SleepsAfter;
        }

        return chance - Loss >= 0 ? Fate.Well : world.Random.Next(canBePartial ? 4 : 3) switch
        {
            0 => Fate.LostRequest,
            1 => Fate.LostAnswer,
            2 => Fate.ArrivesLate,
            _ => Fate.Partial,
        };
    }

    public void End()
    {
        (Loss, Death, Slumber) = (0, 0, 0);
        DownUntil = default;
    }
}
