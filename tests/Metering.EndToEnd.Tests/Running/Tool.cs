namespace Metering.EndToEnd.Tests.Running;

/// <summary>Programs that some faults are made with and that not every machine has.</summary>
internal static class Tool
{
    /// <exception cref="InvalidOperationException">It is not installed; the message says how to.</exception>
    public static string Find(string program, string package) => InPath(program) ?? throw Missing(program, package);

    /// <param name="file">Below the folder of libraries.</param>
    /// <inheritdoc cref="Find"/>
    public static string Library(string file, string package) =>
        Directory.GetDirectories("/usr/lib", "*-linux-gnu").Select(folder => Path.Combine(folder, file)).FirstOrDefault(File.Exists) ?? throw Missing(file, package);

    private static string? InPath(string program) => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries)
        .Select(folder => Path.Combine(folder, program)).FirstOrDefault(File.Exists);

    private static InvalidOperationException Missing(string what, string package) => new($"{what} is not installed, and this fault is made with it: apt-get install {package}");
}
