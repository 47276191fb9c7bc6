using System.CommandLine;
using Metering.Embedded.ClickHouse;

namespace Metering.Host.Commands;

/// <summary>Hidden: what the program starts itself as to be an engine's process.</summary>
internal static class EngineCommand
{
    public static Command Create()
    {
        Argument<string[]> arguments = new("arguments") { Arity = ArgumentArity.ZeroOrMore };
        Command clickHouse = new("clickhouse", "The embedded ClickHouse") { TreatUnmatchedTokensAsErrors = false };
        clickHouse.Arguments.Add(arguments);
        clickHouse.SetAction((parsed, _) => ClickHouseServerProcess.RunAsync([.. parsed.GetValue(arguments) ?? [], .. parsed.UnmatchedTokens]));
        return new Command("engine", "An embedded engine's process") { Hidden = true, Subcommands = { clickHouse } };
    }
}
