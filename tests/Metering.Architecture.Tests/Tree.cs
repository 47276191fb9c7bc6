using System.Xml.Linq;

namespace Metering.Architecture.Tests;

/// <summary>The repository as files.</summary>
internal static class Tree
{
    public static string Root { get; } = FindRoot();

    public static IReadOnlyList<string> Projects { get; } = [.. Files("*.csproj")];

    /// <summary>Paths relative to the root, without build output.</summary>
    public static IEnumerable<string> Files(string pattern, string folder = "") => Directory
        .EnumerateFiles(Path.Combine(Root, folder), pattern, SearchOption.AllDirectories)
        .Select(path => Path.GetRelativePath(Root, path))
        .Where(path => !path.Split('/').Any(part => part is "artifacts" or "bin" or "obj" or "node_modules" or ".git"));

    public static string Read(string path) => File.ReadAllText(Path.Combine(Root, path));

    public static IReadOnlyList<string> References(string project, string kind) =>
        [.. XDocument.Parse(Read(project)).Descendants(kind).Select(one => Path.GetFileNameWithoutExtension(one.Attribute("Include")!.Value + (kind == "PackageReference" ? ".x" : "")))];

    private static string FindRoot()
    {
        string folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "Metering.sln")))
        {
            folder = Path.GetDirectoryName(folder) ?? throw new InvalidOperationException("Metering.sln is not above the tests.");
        }

        return folder;
    }
}
