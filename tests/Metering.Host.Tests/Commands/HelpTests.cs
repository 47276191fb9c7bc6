using System.CommandLine;
using Metering.Host.Commands;
using Metering.Host.Tests.Support;
using Xunit;

namespace Metering.Host.Tests.Commands;

public sealed class HelpTests
{
    public static TheoryData<string> AllCommands { get; } = [.. Paths(MeteringCommand.Create(), "")];

    [Theory]
    [MemberData(nameof(AllCommands))]
    public async Task Every_help_shows_an_example_of_the_command_itself(string path)
    {
        CommandRun run = await CommandRun.RunAsync([.. path.Split(' ', StringSplitOptions.RemoveEmptyEntries), "--help"]);

        Assert.Equal(0, run.ExitCode);
        string examples = run.Out[run.Out.IndexOf("Examples:", StringComparison.Ordinal)..run.Out.IndexOf("Usage:", StringComparison.Ordinal)];
        Assert.Contains($"metering {path}".TrimEnd(), examples, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_list_of_commands_has_a_line_for_each()
    {
        CommandRun run = await CommandRun.RunAsync("--help");

        Assert.DoesNotContain("Examples:", run.Out[run.Out.IndexOf("Commands:", StringComparison.Ordinal)..], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("nonsense")]
    [InlineData("query")]
    [InlineData("query", "tokens", "--colour")]
    public async Task A_command_line_that_is_not_understood_is_exit_code_2_and_no_help_page(params string[] args)
    {
        CommandRun run = await CommandRun.RunAsync(args);

        Assert.Equal(2, run.ExitCode);
        Assert.NotEmpty(run.Error.Trim());
        Assert.DoesNotContain("Examples:", run.Out, StringComparison.Ordinal);
    }

    private static IEnumerable<string> Paths(Command command, string path) =>
        command.Subcommands.SelectMany(child => Paths(child, $"{path} {child.Name}".Trim())).Prepend(path);
}
