using System.CommandLine;
using Metering.Host.Client;
using Metering.Host.Settings;

namespace Metering.Host.Commands;

/// <summary><c>metering ledger export</c>: every entry, for other programs.</summary>
internal static class LedgerExportCommand
{
    public static Command Create()
    {
        Argument<string?> file = new("FILE") { Description = "Where to write it (default: standard output)", Arity = ArgumentArity.ZeroOrOne };
        Option<bool> asCsv = new("--csv") { Description = "CSV with a head line; otherwise NDJSON" };
        Option<string?> cursor = new("--cursor") { Description = "Go on where an export ended, which said so", HelpName = "CURSOR" };
        return ClientCommand.Create("export", """
            Write all entries in the order of posting. Standard error names the cursor to go on from. A file that is there is not overwritten.

            Examples:
              metering ledger export entries.ndjson
              metering ledger export january.csv --csv
              metering ledger export --cursor MTIz > more.ndjson
            """, [file, asCsv, cursor], async (client, parsed, token) =>
        {
            Url url = new Url("v1", "ledger", "export").With("format", parsed.GetValue(asCsv) ? "csv" : null).With("cursor", parsed.GetValue(cursor));
            using HttpResponseMessage answer = await client.StreamAsync(url.ToString(), token);
            await using Stream output = Open(parsed.GetValue(file));
            await answer.Content.CopyToAsync(output, token);
            await Console.Error.WriteLineAsync($"Go on with --cursor {answer.Headers.GetValues("Metering-Next-Cursor").Single()}");
            return ExitCode.Success;
        });
    }

    private static Stream Open(string? file)
    {
        try
        {
            return file is null ? Console.OpenStandardOutput() : new FileStream(file, FileMode.CreateNew);
        }
        catch (UnauthorizedAccessException denied)
        {
            throw new SettingsException(denied.Message);
        }
    }
}
