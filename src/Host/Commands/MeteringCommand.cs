using System.CommandLine;
using System.CommandLine.Invocation;

namespace Metering.Host.Commands;

/// <summary>The command line.</summary>
internal static class MeteringCommand
{
    public static RootCommand Create()
    {
        RootCommand root = new("""
            Metering: usage events in, exact windows and bills out.

            Examples:
              metering up                         everything on this machine
              metering demo                       see it work on generated usage
              metering query tokens --window day  ask a running server
            """)
        {
            UpCommand.Create(),
            ServeCommand.Create(),
            DemoCommand.Create(),
            SendCommand.Create(),
            ImportCommand.Create(),
            MetersCommand.Create(),
            QueryCommand.Create(),
            EventsCommand.Create(),
            DeadLettersCommand.Create(),
            RateCommand.Create(),
            TimeCommands.Prorate(),
            TimeCommands.Periods(),
            SimulateCommand.Create(),
            CatalogCommand.Create(),
            BillCommand.Create(),
            CorrectionsCommand.Create(),
            UnbilledCommand.Create(),
            InvoicesCommand.Create(),
            ExplainCommand.Create(),
            RefundsCommand.Create(),
            LedgerCommand.Create(),
            CustomersCommand.Create(),
            SubscriptionsCommand.Create(),
            AuditCommand.Create(),
            RepairCommand.Create(),
            GrowCommand.Create(),
            KeysCommand.Create(),
            DoctorCommand.Create(),
            ReadyCommand.Create(),
        };
        ShortListHelp.Use(root);
        return root;
    }

    public static async Task<int> RunAsync(string[] args, InvocationConfiguration configuration)
    {
        ParseResult parsed = Create().Parse(args);
        if (parsed.Action is not ParseErrorAction mistake)
        {
            return await parsed.InvokeAsync(configuration);
        }

        // A mistyped option is one sentence; nothing at all is a question for help.
        mistake.ShowHelp = args.Length == 0;
        await parsed.InvokeAsync(configuration);
        return ExitCode.CannotRun;
    }
}
