namespace Metering.Billing.Tests;

/// <summary>Pages of the specification, whose tables and examples are computed and compared.</summary>
internal static class Pages
{
    public static string Read(string name) => File.ReadAllText(Path.Combine(Root(), "docs", "specs", name));

    /// <summary>The lines of the fenced block that follows a line with this text.</summary>
    public static string[] BlockAfter(string page, string heading)
    {
        string[] lines = Read(page).Split('\n');
        int start = Array.FindIndex(lines, Array.FindIndex(lines, line => line.Contains(heading, StringComparison.Ordinal)), line => line.StartsWith("```", StringComparison.Ordinal)) + 1;
        int end = Array.FindIndex(lines, start, line => line.StartsWith("```", StringComparison.Ordinal));
        return lines[start..end];
    }

    private static string Root()
    {
        string folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "Metering.sln")))
        {
            folder = Path.GetDirectoryName(folder) ?? throw new InvalidOperationException("The tests do not lie within the tree.");
        }

        return folder;
    }
}
