using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Metering.Simulation.Controls;

namespace Metering.Simulation;

/// <summary>The command <c>metering-sim</c>: runs seeds on all cores and says which failed. A single seed tells its story.</summary>
internal static class SeedRunner
{
    private const int ReportEvery = 500;

    private const string Usage = "metering-sim [--seeds N] [--first K] [--control NAME]   (one seed alone tells its story)";

    public static int Run(string[] args)
    {
        int seeds = 1000, first = 1;
        Control? control = Control.None;
        for (int i = 0; i < args.Length; i += 2)
        {
            string value = args.ElementAtOrDefault(i + 1) ?? "";
            bool known = args[i] switch
            {
                "--seeds" => int.TryParse(value, CultureInfo.InvariantCulture, out seeds),
                "--first" => int.TryParse(value, CultureInfo.InvariantCulture, out first),
                "--control" => (control = Control.All.FirstOrDefault(one => one.Name == value)) is not null,
                _ => false,
            };
            if (!known || control is null)
            {
                Console.Error.WriteLine($"{Usage}\nControls: {string.Join(", ", Control.All)}");
                return 2;
            }
        }

        return seeds == 1 ? Tell(first, control!) : RunAll(first, seeds, control!);
    }

    private static int Tell(int seed, Control control)
    {
        Result result = Simulation.Run(seed, control, Console.WriteLine);
        Console.WriteLine(result.Violations.Count == 0 ? $"Seed {seed} is exact, trace {result.Trace:x16}." : $"Seed {seed} failed: {string.Join('\n', result.Violations)}");
        return result.Violations.Count == 0 ? 0 : 1;
    }

    private static int RunAll(int first, int seeds, Control control)
    {
        Stopwatch watch = Stopwatch.StartNew();
        ConcurrentDictionary<int, string> failed = [];
        int done = 0;
        Parallel.For(first, first + seeds, seed =>
        {
            Result result = Simulation.Run(seed, control);
            if (result.Violations.Count > 0 && failed.TryAdd(seed, result.Violations[0]))
            {
                Console.WriteLine($"seed {seed}: {result.Violations[0]}");
            }

            if (Interlocked.Increment(ref done) % ReportEvery == 0)
            {
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{done} seeds, {failed.Count} failed, {done / watch.Elapsed.TotalMinutes:F0} a minute"));
            }
        });
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{seeds} seeds, {failed.Count} failed, {seeds / watch.Elapsed.TotalMinutes:F0} a minute"));
        if (!failed.IsEmpty)
        {
            Console.WriteLine($"Failing seeds: {string.Join(", ", failed.Keys.Order().Take(20))}. Repeat one with --seeds 1 --first SEED.");
        }

        return failed.IsEmpty ? 0 : 1;
    }
}
