using System.Runtime.InteropServices;

namespace Metering.Simulation.Running;

/// <summary>
/// One simulated world: a virtual clock, a queue of what happens next, and one source of chance. Everything runs on the thread that calls
/// <see cref="RunUntil"/>, because completions run their continuations inline; whatever leaves that thread is a failure of the run.
/// </summary>
internal sealed class World(int seed)
{
    private const ulong HashPrime = 1099511628211;

    private readonly PriorityQueue<Happening, (long At, int Chance, long Order)> _queue = new();
    private readonly int _thread = Environment.CurrentManagedThreadId;
    private long _order;

    /// <summary>Chance itself: every draw is part of the seed's one sequence.</summary>
    public Random Random { get; } = new(seed);

    /// <summary>True time, which no clock in the world need agree with.</summary>
    public DateTimeOffset Now { get; private set; } = new DateTimeOffset(2026, 11, 22, 10, 0, 0, TimeSpan.Zero).AddMilliseconds((seed & 0xFFFF) * 100);

    /// <summary>Of everything that happened, in order: equal for two runs exactly when they were the same run.</summary>
    public ulong Trace { get; private set; } = 14695981039346656037;

    /// <summary>Nothing happens any more.</summary>
    public bool IsOver { get; private set; }

    /// <summary>What must not have happened.</summary>
    public List<string> Violations { get; } = [];

    /// <summary>Whether anybody reads the story; telling it costs more than running it.</summary>
    public Action<string>? Story { get; set; }

    /// <summary>Makes something happen later; what happens in a process waits while it is paused and never happens once it is dead.</summary>
    public void After(TimeSpan delay, Node? node, Action action)
    {
        CheckThread();
        long at = Now.Ticks + Math.Max(0, delay.Ticks);
        _queue.Enqueue(new Happening(node, action), (at, Random.Next(), _order++));
    }

    /// <summary>Lets everything happen that happens before an instant, or until nobody wants more.</summary>
    public void RunUntil(DateTimeOffset end, Func<bool>? isEnough = null)
    {
        while (Violations.Count == 0 && isEnough?.Invoke() != true && _queue.TryPeek(out Happening happening, out var when) && when.At <= end.Ticks)
        {
            _queue.Dequeue();
            Now = new DateTimeOffset(when.At, TimeSpan.Zero);
            Fold((ulong)when.At);
            Fold((ulong)when.Order);
            Happen(happening);
        }

        Now = Now < end && isEnough is null ? end : Now;
    }

    public void End() => IsOver = true;

    /// <summary>Adds what was decided to the trace.</summary>
    public void Tell(string what)
    {
        foreach (ushort letter in MemoryMarshal.Cast<char, ushort>(what.AsSpan()))
        {
            Fold(letter);
        }

        Story?.Invoke($"{Now:HH:mm:ss.fff} {what}");
    }

    public void Violate(string what)
    {
        Tell($"VIOLATION {what}");
        Violations.Add(what);
    }

    /// <exception cref="InvalidOperationException">The caller runs on another thread, so the run could not be repeated.</exception>
    public void CheckThread()
    {
        if (!IsHere())
        {
            throw new InvalidOperationException("The simulation was left for another thread.");
        }
    }

    /// <summary>Whether the caller runs on the simulation's thread. Not to do so is a violation.</summary>
    public bool IsHere()
    {
        bool isHere = Environment.CurrentManagedThreadId == _thread;
        if (!isHere)
        {
            lock (Violations)
            {
                Violations.Add($"the simulation was left for another thread: {Environment.StackTrace}");
            }
        }

        return isHere;
    }

    public bool Chance(double probability) => probability > 0 && Random.NextDouble() < probability;

    public TimeSpan Between(double fromSeconds, double toSeconds) => TimeSpan.FromSeconds(fromSeconds + (Random.NextDouble() * (toSeconds - fromSeconds)));

    private void Happen(in Happening happening)
    {
        try
        {
            if (happening.Node is { } node)
            {
                node.Happen(happening.Action);
            }
            else
            {
                happening.Action();
            }
        }
        catch (Exception problem)
        {
            Violate($"unhandled {problem}");
        }
    }

    private void Fold(ulong value) => Trace = (Trace ^ value) * HashPrime;

    private readonly record struct Happening(Node? Node, Action Action);
}
