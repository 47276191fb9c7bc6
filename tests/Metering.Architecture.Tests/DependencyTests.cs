using System.Text.RegularExpressions;
using Xunit;

namespace Metering.Architecture.Tests;

/// <summary>Dependencies point inwards: shells know cores, cores know nothing, services never know each other.</summary>
public partial class DependencyTests
{
    private static readonly Dictionary<string, string[]> s_allowed = new()
    {
        ["Metering.Contracts"] = [],
        ["Metering.EventLog"] = [],
        ["Metering.Embedded"] = [],
        ["Metering.Storage"] = ["Metering.Contracts"],
        ["Metering.Billing"] = [],
        ["Metering.Billing.Zones"] = ["Metering.Billing"],
        ["Metering.Billing.Postgres"] = ["Metering.Billing", "Metering.Storage"],
        ["Metering.BillingCore"] = ["Metering.Aggregator.Engine", "Metering.Billing.Postgres", "Metering.Billing.Zones", "Metering.Contracts", "Metering.EventLog"],
        ["Metering.Aggregator.Engine"] = ["Metering.Contracts"],
        ["Metering.Ingest"] = ["Metering.Contracts", "Metering.EventLog", "Metering.Storage"],
        ["Metering.Aggregator"] = ["Metering.Aggregator.Engine", "Metering.EventLog", "Metering.Storage"],
        ["Metering.Query"] = ["Metering.Aggregator.Engine", "Metering.Storage"],
        ["Metering.Host"] = ["Metering.Ingest", "Metering.Aggregator", "Metering.Query", "Metering.BillingCore", "Metering.Embedded"],
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

    public static TheoryData<string> PureCores => ["src/Aggregator/Metering.Aggregator.Engine", "src/BillingCore/Metering.Billing"];

    [Theory]
    [MemberData(nameof(PureCores))]
    public void A_pure_core_has_no_packages(string core) =>
        Assert.Empty(Tree.References(Tree.Files("*.csproj", core).Single(), "PackageReference"));

    [Theory]
    [MemberData(nameof(PureCores))]
    public void A_pure_core_has_no_clock_no_io_and_no_async(string core)
    {
        string[] banned = ["TimeProvider", "async ", "Task<", "System.IO;", "File.", "HttpClient", "Stopwatch", "new Random", "Environment.", "TimeZoneInfo", "CurrentCulture"];
        foreach (string file in Tree.Files("*.cs", core))
        {
            string text = Tree.Read(file);
            Assert.All(banned, word => Assert.False(text.Contains(word, StringComparison.Ordinal), $"{file} says '{word}'"));
        }
    }

    /// <summary>System.Decimal rounds silently past 28 digits, binary floating point always: billing computes with neither.</summary>
    [Fact]
    public void Billing_computes_with_exact_numbers_only()
    {
        foreach (string file in Tree.Files("*.cs", "src/BillingCore/Metering.Billing"))
        {
            Match match = Inexact().Match(Comment().Replace(Tree.Read(file), ""));
            Assert.False(match.Success, $"{file} says '{match.Value}'");
        }
    }

    [Fact]
    public void The_solution_opens_every_project()
    {
        string solution = Tree.Read("Metering.sln").Replace('\\', '/');
        Assert.All(Tree.Projects, project => Assert.Contains(project, solution, StringComparison.Ordinal));
    }

    [GeneratedRegex(@"\b(decimal|double|float|Half|Decimal|Double|Single)\b(?!\()")]
    private static partial Regex Inexact();

    [GeneratedRegex(@"//.*")]
    private static partial Regex Comment();
}
