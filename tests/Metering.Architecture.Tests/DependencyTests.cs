using Xunit;

namespace Metering.Architecture.Tests;

/// <summary>Dependencies point inwards: shells know cores, cores know nothing, services never know each other.</summary>
public class DependencyTests
{
    private static readonly Dictionary<string, string[]> s_allowed = new()
    {
        ["Metering.Contracts"] = [],
        ["Metering.EventLog"] = [],
        ["Metering.Embedded"] = [],
        ["Metering.Storage"] = ["Metering.Contracts"],
        ["Metering.Aggregator.Engine"] = ["Metering.Contracts"],
        ["Metering.Ingest"] = ["Metering.Contracts", "Metering.EventLog", "Metering.Storage"],
        ["Metering.Aggregator"] = ["Metering.Aggregator.Engine", "Metering.EventLog", "Metering.Storage"],
        ["Metering.Query"] = ["Metering.Aggregator.Engine", "Metering.Storage"],
        ["Metering.Host"] = ["Metering.Ingest", "Metering.Aggregator", "Metering.Query", "Metering.Embedded"],
    };

    public static TheoryData<string> Production => [.. Tree.Projects.Where(path => path.StartsWith("src/", StringComparison.Ordinal))];

    [Theory]
    [MemberData(nameof(Production))]
    public void A_project_references_only_what_it_may(string project)
    {
        string name = Path.GetFileNameWithoutExtension(project);
        Assert.True(s_allowed.ContainsKey(name), $"{name} is new: say here what it may reference");
        Assert.Empty(Tree.References(project, "ProjectReference").Except(s_allowed[name]));
    }

    [Fact]
    public void The_engine_has_no_packages() =>
        Assert.Empty(Tree.References("src/Aggregator/Metering.Aggregator.Engine/Metering.Aggregator.Engine.csproj", "PackageReference"));

    [Fact]
    public void The_engine_has_no_clock_no_io_and_no_async()
    {
        string[] banned = ["TimeProvider", "async ", "Task<", "System.IO;", "File.", "HttpClient", "Stopwatch", "new Random", "Environment."];
        foreach (string file in Tree.Files("*.cs", "src/Aggregator/Metering.Aggregator.Engine"))
        {
            string text = Tree.Read(file);
            Assert.All(banned, word => Assert.False(text.Contains(word, StringComparison.Ordinal), $"{file} says '{word}'"));
        }
    }

    [Fact]
    public void The_solution_opens_every_project()
    {
        string solution = Tree.Read("Metering.sln").Replace('\\', '/');
        Assert.All(Tree.Projects, project => Assert.Contains(project, solution, StringComparison.Ordinal));
    }
}
