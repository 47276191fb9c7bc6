using System.Reflection;
using Metering.Aggregator;
using Metering.EventLog.Embedded;
using Metering.Host.Settings;
using Metering.Ingest;
using Metering.Query;
using Xunit;

namespace Metering.Host.Tests.Settings;

public sealed class ConfigurationTableTests
{
    public static TheoryData<string, Type> Sections { get; } = new()
    {
        { "", typeof(MeteringSettings) },
        { "Ingest", typeof(IngestOptions) },
        { "Aggregator", typeof(AggregatorOptions) },
        { "Query", typeof(QueryOptions) },
        { "EventLog", typeof(EmbeddedEventLogOptions) },
    };

    [Theory]
    [MemberData(nameof(Sections))]
    public void Every_option_has_its_line_in_the_documentation(string section, Type options)
    {
        string text = File.ReadAllText(Find());
        foreach (PropertyInfo property in options.GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(property => property.CanWrite))
        {
            string key = section.Length == 0 ? property.Name : $"{section}:{property.Name}";
            string variable = "METERING_" + key.Replace(":", "__", StringComparison.Ordinal).ToUpperInvariant();
            Assert.True(
                text.Split('\n').Any(line => line.Contains($"| `{key}` |", StringComparison.Ordinal) && line.Contains($"`{variable}`", StringComparison.Ordinal)),
                $"docs/configuration.md has no row for `{key}` and `{variable}`.");
        }
    }

    private static string Find()
    {
        DirectoryInfo folder = new(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "Metering.sln")))
        {
            folder = folder.Parent!;
        }

        return Path.Combine(folder.FullName, "docs", "configuration.md");
    }
}
