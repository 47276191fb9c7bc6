using System.CommandLine;

namespace Metering.Host.Commands;

/// <summary>The command line.</summary>
internal static class MeteringCommand
{
    public static RootCommand Create() => new("""
        Metering: usage events in, exact windows and bills out.

        Start everything on this machine:   metering up
        See it work on generated usage:     metering demo
        """)
    {
        UpCommand.Create(),
        ServeCommand.Create(),
        DemoCommand.Create(),
        ImportCommand.Create(),
    };
}
