using System.Text.RegularExpressions;
using Xunit;

namespace Metering.Architecture.Tests;

/// <summary>House rules that no compiler checks.</summary>
public partial class TidyTests
{
    [Fact]
    public void Nothing_is_left_open_in_the_code() => AssertNone("*.cs", "src", LeftOpen());

    [Fact]
    public void No_path_of_somebodys_machine_is_in_the_tree()
    {
        foreach (string pattern in new[] { "*.cs", "*.md", "*.sql", "*.props", "*.csproj", "*.json", "*.mjs", "*.js" })
        {
            AssertNone(pattern, "", MachinePath());
        }
    }

    [Fact]
    public void Every_project_has_its_lock_file() =>
        Assert.All(Tree.Projects, project => Assert.True(File.Exists(Path.Combine(Tree.Root, Path.GetDirectoryName(project)!, "packages.lock.json")), project));

    [Fact]
    public void No_project_states_a_version() =>
        Assert.All(Tree.Projects, project => Assert.DoesNotMatch(StatedVersion(), Tree.Read(project)));

    /// <summary>Only a ratchet: a file that has grown past this has probably become two ideas.</summary>
    [Fact]
    public void No_source_file_is_longer_than_400_lines() =>
        Assert.All(Tree.Files("*.cs", "src"), file => Assert.True(Tree.Read(file).Count(letter => letter == '\n') <= 400, file));

    [Fact]
    public void Migrations_are_numbered_without_gaps()
    {
        foreach (string store in new[] { "Postgres", "ClickHouse" })
        {
            int[] numbers = [.. Tree.Files("*.sql", $"src/Storage/{store}/Migrations").Select(path => int.Parse(Path.GetFileName(path)[..4], null)).Order()];
            Assert.Equal(Enumerable.Range(1, numbers.Length), numbers);
        }
    }

    [Fact]
    public void Every_document_the_readme_points_to_is_there()
    {
        foreach (string page in Tree.Files("*.md").Where(path => !path.StartsWith("tests", StringComparison.Ordinal)))
        {
            foreach (Match link in Link().Matches(Tree.Read(page)))
            {
                string target = Path.Combine(Tree.Root, Path.GetDirectoryName(page)!, link.Groups[1].Value);
                Assert.True(File.Exists(target) || Directory.Exists(target), $"{page} points to {link.Groups[1].Value}");
            }
        }
    }

    private static void AssertNone(string pattern, string folder, Regex banned)
    {
        foreach (string file in Tree.Files(pattern, folder).Where(file => !file.EndsWith("TidyTests.cs", StringComparison.Ordinal) && !file.EndsWith("packages.lock.json", StringComparison.Ordinal)))
        {
            Match match = banned.Match(Tree.Read(file));
            Assert.False(match.Success, $"{file} says '{match.Value}'");
        }
    }

    [GeneratedRegex("TODO|FIXME|NotImplementedException")]
    private static partial Regex LeftOpen();

    [GeneratedRegex(@"(?<![A-Za-z0-9_.\-~])/(work|root|home)/[a-z]")]
    private static partial Regex MachinePath();

    [GeneratedRegex("PackageReference[^>]* Version=")]
    private static partial Regex StatedVersion();

    [GeneratedRegex(@"\]\(((?!http)[^)#]+)(#[^)]*)?\)")]
    private static partial Regex Link();
}
