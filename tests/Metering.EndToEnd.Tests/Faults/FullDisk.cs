using System.Diagnostics;
using Metering.EndToEnd.Tests.Running;
using Xunit;

namespace Metering.EndToEnd.Tests.Faults;

/// <summary>The one disk of a machine is full, under the log and both engines.</summary>
internal static class FullDisk
{
    private const string Size = "1500m";
    private const int Block = 64 * 1024;
    private static readonly TimeSpan s_full = TimeSpan.FromSeconds(8);

    public static OneMachineOptions Options() => new() { PrepareFolder = folder => new SmallDisk(folder) };

    public static async Task<Strike> StrikeAsync(OneMachine machine)
    {
        using MeteringClient client = await machine.NewClientAsync();
        string filler = Path.Combine(machine.Process.Folder, "filler");
        using CancellationTokenSource stop = new();
        Task filling = FillAsync(filler, stop.Token);
        await Task.Delay(s_full);
        using HttpResponseMessage answer = await client.SendAsync(HttpMethod.Post, "/v1/events", """[{"id":"full","source":"test","type":"probe","subject":"marker"}]""");
        await stop.CancelAsync();
        await filling;
        File.Delete(filler);
        Assert.Equal(System.Net.HttpStatusCode.ServiceUnavailable, answer.StatusCode);
        return new Strike(1);
    }

    /// <summary>Takes every byte that is free, also those that are given back meanwhile.</summary>
    private static async Task FillAsync(string file, CancellationToken stop)
    {
        byte[] block = new byte[Block];
        using FileStream filler = new(file, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0);
        for (int length = Block; !stop.IsCancellationRequested;)
        {
            try
            {
                filler.Write(block, 0, length);
            }
            catch (IOException)
            {
                length = length > 1 ? length / 2 : Block;
                await Task.Delay(length == Block ? 20 : 0, CancellationToken.None);
            }
        }
    }

    /// <summary>A file system in memory, mounted on a folder.</summary>
    private sealed class SmallDisk : IDisposable
    {
        private readonly string _folder;

        public SmallDisk(string folder)
        {
            _folder = folder;
            Run("mount", "-t", "tmpfs", "-o", $"size={Size},mode=755", "tmpfs", folder);
        }

        /// <summary>Out of sight at once; gone when the last of the engines' processes is.</summary>
        public void Dispose() => Run("umount", "--lazy", _folder);

        private static void Run(string program, params string[] arguments)
        {
            using Process process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
            string error = process.StandardError.ReadToEnd();
            process.WaitForExit();
            Assert.True(process.ExitCode == 0, $"{program}: {error} (a disk of its own needs root)");
        }
    }
}
