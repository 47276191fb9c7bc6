using System.Globalization;
using System.Text;

namespace Metering.EndToEnd.Tests.Faults;

/// <summary><c>faults [--write FILE] [ROW …]</c>: runs the matrix, or some of its rows, and writes them into the table.</summary>
internal static class FaultCommand
{
    private const string Begin = "<!-- rows: written by ./faults -->";
    private const string End = "<!-- end of rows -->";

    public static async Task<int> RunAsync(string[] args)
    {
        string? file = args is ["--write", string named, ..] ? named : null;
        string[] wanted = file is null ? args : args[2..];
        List<FaultResult> results = [];
        foreach (FaultRow row in FaultMatrix.Rows.Where(row => wanted.Length == 0 || wanted.Contains(row.Id)))
        {
            Console.Error.WriteLine($"{row.Id} {row.Fault}: {row.How} …");
            FaultResult result = await RunAsync(row);
            results.Add(result);
            Console.WriteLine(Line(result));
        }

        if (file is not null)
        {
            Write(file, results);
        }

        return results.Count > 0 && results.TrueForAll(result => result.IsExact) ? 0 : 1;
    }

    /// <summary>A row that breaks is a row with a bad verdict, and the others are run all the same.</summary>
    private static async Task<FaultResult> RunAsync(FaultRow row)
    {
        try
        {
            return await row.RunAsync(row);
        }
        catch (Exception broken)
        {
            Console.Error.WriteLine(broken);
            return new FaultResult(row, 0, 0, 0, 0, 0, null, $"failed: {broken.Message}");
        }
    }

    private static string Line(FaultResult result)
    {
        string recovery = result.Recovery is { } took ? string.Create(CultureInfo.InvariantCulture, $"{took.TotalSeconds:N1} s") : "–";
        return string.Create(
            CultureInfo.InvariantCulture,
            $"| {result.Row.Id} | {result.Row.Fault} | {result.Row.How} | {result.Runs:N0} | {result.Sent:N0} | {result.InDoubt:N0} | {result.Lost:N0} | {result.Doubled:N0} | {recovery} | {result.Verdict.Split('\n')[0]} |");
    }

    /// <summary>Writes the rows between the two marks: those that were run, and of the others what was there. Leaves the text around them alone.</summary>
    private static void Write(string file, List<FaultResult> results)
    {
        string text = File.ReadAllText(file);
        int begin = text.IndexOf(Begin, StringComparison.Ordinal), end = text.IndexOf(End, StringComparison.Ordinal);
        if (begin < 0 || end < begin)
        {
            throw new InvalidOperationException($"{file} has no '{Begin}' and '{End}'.");
        }

        string[] before = text[begin..end].Split('\n');
        StringBuilder rows = new();
        rows.AppendLine(Begin).AppendLine();
        rows.AppendLine("| # | fault | how | runs | records sent | in doubt | lost | doubled | recovery | verdict |").AppendLine("|---|---|---|---|---|---|---|---|---|---|");
        foreach (FaultRow row in FaultMatrix.Rows)
        {
            string? line = results.Find(result => result.Row == row) is { } result ? Line(result) : Array.Find(before, one => one.StartsWith($"| {row.Id} |", StringComparison.Ordinal));
            if (line is not null)
            {
                rows.AppendLine(line);
            }
        }

        rows.AppendLine();
        File.WriteAllText(file, text[..begin] + rows + text[end..]);
    }
}
