using System.CommandLine;

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
            AuditCommand.Create(),
            RepairCommand.Create(),
            KeysCommand.Create(),
            DoctorCommand.Create(),
        };
        ShortListHelp.Use(root);
        return root;
    }
}
