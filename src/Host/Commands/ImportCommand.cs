using System.CommandLine;
using System.Globalization;
using Metering.Host.Client;
using Metering.Host.Import;
using Metering.Host.Settings;
using Spectre.Console;

namespace Metering.Host.Commands;

/// <summary><c>metering import</c>: usage out of a file. Safe to repeat, in whole or in part.</summary>
internal sealed class ImportCommand
{
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(5);

    private readonly Argument<string> _file = new("FILE") { Description = "A CSV file with a header, or NDJSON (one JSON object a line)" };
    private readonly Option<string?> _format = new("--format") { Description = "csv or ndjson (default: by the file's name)", HelpName = "FORMAT" };
    private readonly Option<char> _delimiter = new("--delimiter") { Description = "Between the fields of a CSV file (default ,)", HelpName = "CHAR", DefaultValueFactory = _ => ',' };
    private readonly Option<string?> _type = new("--type") { Description = "The events' type. Without it, NDJSON lines are events already and are sent as they are", HelpName = "TYPE" };
    private readonly Option<string> _source = new("--source") { Description = "The events' source (default import): part of their identity", HelpName = "NAME", DefaultValueFactory = _ => "import" };
    private readonly Option<string?> _subject = new("--subject") { Description = "The customer whose usage it is", HelpName = "VALUE" };
    private readonly Option<string?> _subjectColumn = new("--subject-column") { Description = "The column with the customer", HelpName = "COLUMN" };
    private readonly Option<string?> _timeColumn = new("--time-column") { Description = "The column with the time; without a zone it is UTC; kept to 100 ns", HelpName = "COLUMN" };

    private readonly Option<string?> _timeFormat = new("--time-format")
    {
        Description = "unix, unix-ms, unix-us, unix-ns, or a .NET format such as 'dd.MM.yyyy HH:mm:ss' (default: ISO 8601, with T or a blank)",
        HelpName = "FORMAT",
    };

    private readonly Option<string?> _idColumn = new("--id-column")
    {
        Description = "The column with the event's id (default: derived from the row's content, so that a second import counts nothing twice)",
        HelpName = "COLUMN",
    };

    private readonly Option<string[]> _data = new("--data")
    {
        Description = "A column for the event's data (default: every other column)",
        HelpName = "COLUMN[=name][:number|string]",
        AllowMultipleArgumentsPerToken = true,
    };

    private readonly Option<string?> _part = new("--part") { Description = "Send only the Kth of N parts, for N processes that share a file", HelpName = "K/N" };
    private readonly Option<int> _parallel = new("--parallel") { Description = "Requests at a time (default 4)", HelpName = "N", DefaultValueFactory = _ => 4 };
    private readonly Option<string?> _rejects = new("--rejects") { Description = "Write refused rows to this file, to repair and import", HelpName = "FILE" };
    private readonly Option<bool> _resume = new("--resume") { Description = "Go on where an interrupted import stopped (progress is kept beside the file)" };
    private readonly ClientOptions _client = new();

    public static Command Create()
    {
        ImportCommand import = new();
        Command command = new("import", """
            Import usage from a CSV or NDJSON file.

            Importing twice counts nothing twice: ids come from a column, or from the content of the row.

            Examples:
              metering import calls.csv --type llm.call --subject-column customer --time-column timestamp
              metering import calls.csv --type llm.call --subject acme --time-column TIMESTAMP --data ContextTokens=input:number GeneratedTokens=output:number
              metering import events.ndjson --rejects refused.ndjson
            """);
        import.AddTo(command);
        command.SetAction((parsed, token) => Running.GuardAsync(() => import.RunAsync(parsed, token)));
        return command;
    }

    private void AddTo(Command command)
    {
        command.Arguments.Add(_file);
        foreach (Option option in new Option[]
            { _format, _delimiter, _type, _source, _subject, _subjectColumn, _timeColumn, _timeFormat, _idColumn, _data, _part, _parallel, _rejects, _resume })
        {
            command.Options.Add(option);
        }

        _client.AddTo(command);
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        ImportSettings settings = Settings(parsed);
        using IRowSource rows = settings.IsCsv ? new CsvRows(settings.File, settings.Delimiter) : new NdjsonRows(settings.File);
        RowMapper mapper = new(settings);
        if (rows.Columns is { } columns)
        {
            mapper.Check(columns);
        }

        using MeteringClient client = _client.Connect(parsed);
        EventSender sender = new(client, TimeProvider.System, s_patience);
        ResumeFile? resume = settings.Resume ? await ResumeFile.OpenAsync(settings, cancellationToken) : null;
        using ImportTally tally = new(settings.Rejects, rows.Header, append: resume?.Read() is not null);
        ImportRun run = new(settings, rows, mapper, sender, tally, resume);
        long started = TimeProvider.System.GetTimestamp();
        ImportProgress progress = new(run, tally, rows, TimeProvider.System);
        await progress.ShowAsync(Path.GetFileName(settings.File), Task.Run(() => run.RunAsync(cancellationToken), cancellationToken), cancellationToken);
        Summarize(settings, run, tally, sender, TimeProvider.System.GetElapsedTime(started));
        return tally.Refused > 0 ? ExitCode.Failed : ExitCode.Success;
    }

    private ImportSettings Settings(ParseResult parsed)
    {
        ImportSettings settings = new()
        {
            File = parsed.GetValue(_file)!,
            IsCsv = IsCsv(parsed),
            Delimiter = parsed.GetValue(_delimiter),
            Type = parsed.GetValue(_type),
            Source = parsed.GetValue(_source)!,
            Subject = parsed.GetValue(_subject),
            SubjectColumn = parsed.GetValue(_subjectColumn),
            TimeColumn = parsed.GetValue(_timeColumn),
            TimeFormat = parsed.GetValue(_timeFormat),
            IdColumn = parsed.GetValue(_idColumn),
            Data = [.. (parsed.GetValue(_data) ?? []).Select(DataColumn.Parse)],
            Part = parsed.GetValue(_part) is { } part ? FilePart.Parse(part) : FilePart.Whole,
            Parallel = Math.Clamp(parsed.GetValue(_parallel), 1, 64),
            Rejects = parsed.GetValue(_rejects),
            Resume = parsed.GetValue(_resume),
        };
        Check(settings);
        return settings;
    }

    private bool IsCsv(ParseResult parsed) => (parsed.GetValue(_format) ?? Path.GetExtension(parsed.GetValue(_file)!).ToLowerInvariant()) switch
    {
        "csv" or ".csv" or ".tsv" or ".txt" => true,
        "ndjson" or ".ndjson" or ".jsonl" or ".json" => false,
        _ => throw new SettingsException($"{parsed.GetValue(_file)}: say what it is with --format csv or --format ndjson."),
    };

    private static void Check(ImportSettings settings)
    {
        if (!File.Exists(settings.File))
        {
            throw new SettingsException($"{settings.File}: there is no such file.");
        }

        if (settings.Type is null)
        {
            _ = settings.IsCsv ? throw new SettingsException("--type is required for CSV: the events' type, such as llm.call.") : true;
            return;
        }

        if (settings.TimeColumn is null)
        {
            throw new SettingsException("--time-column is required: which column says when it happened?");
        }

        if ((settings.Subject is null) == (settings.SubjectColumn is null))
        {
            throw new SettingsException("Give either --subject-column (the column with the customer) or --subject (one customer for all rows).");
        }
    }

    private static void Summarize(ImportSettings settings, ImportRun run, ImportTally tally, EventSender sender, TimeSpan elapsed)
    {
        IAnsiConsole console = Terminal.Out();
        string retries = sender.Retries == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $", {sender.Retries} batches sent again");
        console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{run.RowsRead:N0} rows read, {tally.Accepted:N0} accepted, {tally.Refused:N0} refused in {elapsed.TotalSeconds:0.0} s{retries}."));
        foreach (RefusedRow row in tally.First().Take(ImportTally.Shown))
        {
            console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  line {row.Line}: {row.Reason}"));
        }

        if (tally.Refused > ImportTally.Shown)
        {
            console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  and {tally.Refused - ImportTally.Shown:N0} more"));
        }

        if (tally.Refused > 0 && settings.Rejects is not null)
        {
            console.WriteLine($"The refused rows are in {settings.Rejects}.");
        }
    }
}
