using System.Diagnostics;
using Xunit;

namespace Metering.EndToEnd.Tests.Running;

/// <summary>Runs a script of the Node folder with an unmodified npm package, which is installed once into the temporary folder.</summary>
internal static class NodeScript
{
    /// <returns>What it printed. It must end with exit code 0.</returns>
    public static async Task<string> RunAsync(string script, string package, params string[] arguments)
    {
        string modules = Path.Combine(Path.GetTempPath(), "metering-node-" + package.Replace('/', '-'));
        string installed = Path.Combine(modules, "installed");
        if (!File.Exists(installed))
        {
            Directory.CreateDirectory(modules);
            await RunAsync("npm", ["install", "--prefix", modules, "--ignore-scripts", "--no-audit", "--no-fund", package]);
            await File.WriteAllTextAsync(installed, package);
        }

        return await RunAsync("node", [Path.Combine(AppContext.BaseDirectory, "Node", script), modules, .. arguments]);
    }

    private static async Task<string> RunAsync(string program, string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        Task<string> text = process.StandardOutput.ReadToEndAsync();
        string error = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, $"{program}: {error} {await text}");
        return await text;
    }
}
