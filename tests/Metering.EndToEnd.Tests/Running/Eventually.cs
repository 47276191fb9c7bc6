using System.Diagnostics;
using Xunit;

namespace Metering.EndToEnd.Tests.Running;

/// <summary>What becomes true in its own time.</summary>
internal static class Eventually
{
    private static readonly TimeSpan s_deadline = TimeSpan.FromSeconds(60);

    public static async Task<TimeSpan> TrueAsync(Func<Task<bool>> condition, string what, TimeSpan? within = null)
    {
        long started = Stopwatch.GetTimestamp();
        while (!await condition())
        {
            Assert.True(Stopwatch.GetElapsedTime(started) < (within ?? s_deadline), $"not within {within ?? s_deadline}: {what}");
            await Task.Delay(50);
        }

        return Stopwatch.GetElapsedTime(started);
    }
}
