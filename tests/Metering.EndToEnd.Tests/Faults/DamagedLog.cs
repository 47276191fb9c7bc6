using Metering.EndToEnd.Tests.Running;
using Xunit;

namespace Metering.EndToEnd.Tests.Faults;

/// <summary>Acknowledged records are damaged: the program must say so instead of starting without them.</summary>
internal static class DamagedLog
{
    private const int Bits = 8;
    private const int FirstRecord = 64;
    private const string Named = "is damaged";
    private static readonly TimeSpan s_load = TimeSpan.FromSeconds(1);

    public static async Task<Strike> StrikeAsync(OneMachine machine)
    {
        Random random = new(Bits);
        for (int i = 0; i < Bits; i++)
        {
            await Task.Delay(s_load);
            await machine.Process.KillAsync();
            string file = FileDamage.Segments(machine.LogFolder)[0];

            // Not in the last two groups: of these nothing proves that they were acknowledged.
            long at = random.NextInt64(FirstRecord, FileDamage.End(file) / 2);
            int bit = random.Next(8);
            FileDamage.Flip(file, at, bit);
            (int exitCode, string errors) = await machine.Process.RefusesToStartAsync();
            string said = errors.TrimEnd().Split('\n')[^1];
            Assert.True(exitCode != 0 && said.StartsWith("metering: ", StringComparison.Ordinal) && said.Contains(Named, StringComparison.Ordinal), $"byte {at}: {errors}");
            FileDamage.Flip(file, at, bit);
            await machine.Process.StartAgainAsync();
        }

        return new Strike(Bits, Note: "refused to start by name each time, until the file was put back");
    }
}
