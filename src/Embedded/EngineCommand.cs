using System.Reflection;

namespace Metering.Embedded;

/// <summary>The command line that starts this program again as an engine's process.</summary>
public sealed record EngineCommand(string FileName, IReadOnlyList<string> Arguments)
{
    /// <summary>This executable with the given first arguments, also when it runs as `dotnet program.dll`.</summary>
    public static EngineCommand ThisProgram(params string[] arguments)
    {
        string program = Environment.ProcessPath ?? throw new EngineException("The path of the running program is unknown.");
        return Path.GetFileNameWithoutExtension(program) == "dotnet"
            ? new EngineCommand(program, [Assembly.GetEntryAssembly()!.Location, .. arguments])
            : new EngineCommand(program, arguments);
    }
}
