using Spectre.Console;

namespace Metering.Host.Commands;

/// <summary>Where commands write: results to standard output, progress to standard error, both plain when they go to a file or another program.</summary>
internal static class Terminal
{
    /// <summary>Tables that another program reads are not folded to the width of a terminal that is not there.</summary>
    private const int PlainWidth = 200;

    public static IAnsiConsole Out() => Create(Console.Out, Console.IsOutputRedirected);

    public static IAnsiConsole Error() => Create(Console.Error, Console.IsErrorRedirected);

    /// <summary>A table without frame lines down the sides: it reads well and can be cut and pasted.</summary>
    public static Table NewTable(params string[] columns)
    {
        Table table = new Table().Border(TableBorder.Simple);
        foreach (string column in columns)
        {
            table.AddColumn(new TableColumn(Markup.Escape(column)).NoWrap());
        }

        return table;
    }

    public static bool Confirmed(string question)
    {
        Console.Write($"{question} [y/N] ");
        if (Console.ReadLine()?.Trim() is "y" or "Y" or "yes")
        {
            return true;
        }

        Console.WriteLine("Nothing was done.");
        return false;
    }

    private static IAnsiConsole Create(TextWriter writer, bool redirected)
    {
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(writer),
            Ansi = redirected ? AnsiSupport.No : AnsiSupport.Detect,
            Interactive = redirected ? InteractionSupport.No : InteractionSupport.Detect,
        });
        if (redirected)
        {
            console.Profile.Width = PlainWidth;
        }

        return console;
    }
}
