using System.Reflection;
using System.Text.RegularExpressions;
using Metering.Aggregator;
using Metering.BillingCore;
using Metering.EventLog.Embedded;
using Metering.EventLog.Kafka;
using Metering.Host.Commands;
using Metering.Host.Settings;
using Metering.Ingest;
using Metering.Query;
using Xunit;

namespace Metering.Host.Tests.Settings;

public sealed partial class ConfigurationTableTests
{
    public static TheoryData<string, Type> Sections { get; } = new()
    {
        { "", typeof(MeteringSettings) },
        { "Ingest", typeof(IngestOptions) },
        { "Aggregator", typeof(AggregatorOptions) },
        { "Query", typeof(QueryOptions) },
        { "Billing", typeof(BillingOptions) },
        { "EventLog", typeof(EmbeddedEventLogOptions) },
        { "Kafka", typeof(KafkaEventLogOptions) },
        { "Kafka:Security", typeof(KafkaSecurityOptions) },
    };

    [Theory]
    [MemberData(nameof(Sections))]
    public void Every_option_has_its_line_in_the_documentation(string section, Type options)
    {
        string text = File.ReadAllText(Find(Path.Combine("docs", "configuration.md")));
        foreach (PropertyInfo property in options.GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(property => property.CanWrite && property.PropertyType != typeof(KafkaSecurityOptions)))
        {
            string key = section.Length == 0 ? property.Name : $"{section}:{property.Name}";
            string variable = "METERING_" + key.Replace(":", "__", StringComparison.Ordinal).ToUpperInvariant();
            Assert.True(
                text.Split('\n').Any(line => line.Contains($"| `{key}` |", StringComparison.Ordinal) && line.Contains($"`{variable}`", StringComparison.Ordinal)),
                $"docs/configuration.md has no row for `{key}` and `{variable}`.");
        }
    }

    [Fact]
    public void Every_setting_of_the_compose_file_exists()
    {
        string documented = File.ReadAllText(Find(Path.Combine("docs", "configuration.md")));
        string[] settings = [.. SettingName().Matches(File.ReadAllText(Find("docker-compose.yml")) + File.ReadAllText(Find("Dockerfile")))
            .Select(match => match.Groups[1].Value).Distinct()];
        Assert.NotEmpty(settings);
        Assert.All(settings, setting => Assert.True(documented.Contains($"`{setting}`", StringComparison.Ordinal), $"{setting} is no setting."));
    }

    [Fact]
    public void Every_command_of_the_compose_file_is_understood()
    {
        string[] commands = [.. ServeCommandLine().Matches(File.ReadAllText(Find("docker-compose.yml"))).Select(match => match.Groups[1].Value)];
        Assert.Equal(4, commands.Length);
        foreach (string command in commands)
        {
            string[] arguments = [.. command.Split(',').Select(one => one.Trim(' ', '"'))];
            Assert.Empty(MeteringCommand.Create().Parse(arguments).Errors);
            Assert.NotEqual(Roles.None, RoleNames.Parse(arguments[2..]));
        }
    }

    [GeneratedRegex(@"\b(METERING_[A-Z_]+)[:=] ?", RegexOptions.CultureInvariant)]
    private static partial Regex SettingName();

    [GeneratedRegex(@"command: \[(.*)\]")]
    private static partial Regex ServeCommandLine();

    private static string Find(string file)
    {
        DirectoryInfo folder = new(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "Metering.sln")))
        {
            folder = folder.Parent!;
        }

        return Path.Combine(folder.FullName, file);
    }
}
