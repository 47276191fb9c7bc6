using System.CommandLine;
using Metering.Host.Commands;

namespace Metering.Host.Tests.Support;

/// <summary>A command as a person runs it: arguments in; exit code, standard output and standard error out.</summary>
internal sealed record CommandRun(int ExitCode, string Out, string Error)
{
    public static async Task<CommandRun> RunAsync(params string[] args)
    {
        (TextWriter output, TextWriter error) = (Console.Out, Console.Error);
        using StringWriter capturedOutput = new();
        using StringWriter capturedError = new();
        Console.SetOut(capturedOutput);
        Console.SetError(capturedError);
        try
        {
            InvocationConfiguration configuration = new() { EnableDefaultExceptionHandler = false, Output = capturedOutput, Error = capturedError };
            int code = await MeteringCommand.RunAsync(args, configuration);
            return new CommandRun(code, capturedOutput.ToString(), capturedError.ToString());
        }
        finally
        {
            Console.SetOut(output);
            Console.SetError(error);
        }
    }
}
