using System.CommandLine;
using Metering.Host.Commands;

namespace Metering.Host.Client;

/// <summary>A command that talks to a running server.</summary>
internal static class ClientCommand
{
    /// <param name="symbols">Its own arguments and options, in the order of the help.</param>
    public static Command Create(
        string name, string description, IEnumerable<Symbol> symbols, Func<MeteringClient, ParseResult, CancellationToken, Task<int>> run)
    {
        Command command = new(name, description);
        foreach (Symbol symbol in symbols)
        {
            Add(command, symbol);
        }

        ClientOptions options = new();
        options.AddTo(command);
        command.SetAction((parsed, token) => Running.GuardAsync(async () =>
        {
            using MeteringClient client = options.Connect(parsed);
            return await run(client, parsed, token);
        }));
        return command;
    }

    private static void Add(Command command, Symbol symbol)
    {
        if (symbol is Argument argument)
        {
            command.Arguments.Add(argument);
        }
        else
        {
            command.Options.Add((Option)symbol);
        }
    }
}
