using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace Metering.Host.Commands;

/// <summary>Help whose list of subcommands has one line for each: the rest of a description, its examples, belongs to the command's own help.</summary>
internal sealed class ShortListHelp(HelpAction help) : SynchronousCommandLineAction
{
    public override bool ClearsParseErrors => true;

    public static void Use(RootCommand root)
    {
        HelpOption option = root.Options.OfType<HelpOption>().Single();
        option.Action = new ShortListHelp((HelpAction)option.Action!);
    }

    public override int Invoke(ParseResult parseResult)
    {
        foreach (Command command in parseResult.CommandResult.Command.Subcommands)
        {
            command.Description = command.Description?.Split('\n')[0].TrimEnd('\r');
        }

        return help.Invoke(parseResult);
    }
}
