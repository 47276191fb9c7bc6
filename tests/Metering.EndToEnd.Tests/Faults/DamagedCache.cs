using System.Globalization;
using System.Text.RegularExpressions;
using Metering.EndToEnd.Tests.Running;
using Xunit;

namespace Metering.EndToEnd.Tests.Faults;

/// <summary>The dedup cache is damaged: it is not believed, and what it held is read from the raw table.</summary>
internal static partial class DamagedCache
{
    private const int Lives = 5;
    private static readonly TimeSpan s_load = TimeSpan.FromSeconds(4);

    /// <summary>Identities move to files soon, so that there are many.</summary>
    public static OneMachineOptions Options() => new() { Environment = new Dictionary<string, string> { ["METERING_Aggregator__ActiveIdentities"] = "1000" } };

    public static async Task<Strike> StrikeAsync(OneMachine machine)
    {
        Random random = new(Lives);
        int damaged = 0;
        for (int life = 0; life < Lives; life++)
        {
            await Task.Delay(s_load);
            await machine.Process.KillAsync();
            string[] files = Directory.GetFiles(Path.Combine(machine.Process.Data, "dedup"), "*.ids");
            Array.ForEach(files, file => Damage(file, random));
            damaged += files.Length;
            await machine.Process.StartAgainAsync();
            int expected = damaged;
            await Eventually.TrueAsync(() => Task.FromResult(Refused().Count(machine.Process.Errors) == expected), $"{expected} cache files are refused");
        }

        Assert.True(damaged >= Lives, "there were no cache files");
        return new Strike(Lives, Note: string.Create(CultureInfo.InvariantCulture, $"{damaged} files not believed, read again from the raw table"));
    }

    private static void Damage(string file, Random random)
    {
        long length = new FileInfo(file).Length;
        if (random.Next(2) == 0)
        {
            FileDamage.Cut(file, length - 1 - random.Next(64));
        }
        else
        {
            FileDamage.Flip(file, random.NextInt64(length), random.Next(8));
        }
    }

    [GeneratedRegex("Dedup cache file .* does not agree")]
    private static partial Regex Refused();
}
