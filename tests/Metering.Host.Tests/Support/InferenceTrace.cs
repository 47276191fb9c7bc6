using System.Globalization;
using System.Text;

namespace Metering.Host.Tests.Support;

/// <summary>
/// The Azure LLM inference trace of 2023 (code): 8,819 calls of one hour, with 100 ns times. Found in <c>METERING_TEST_DATA</c> or in
/// <c>../shared/data</c> beside the repository; where it is not, a file of the same shape from a fixed seed takes its place.
/// </summary>
internal static class InferenceTrace
{
    private const string Name = "azure-llm-inference-2023-code.csv";
    private const int Rows = 8819;

    public static string[] ReadLines() => Find() is { } path ? File.ReadAllLines(path) : Generate();

    private static string? Find()
    {
        List<string> folders = Environment.GetEnvironmentVariable("METERING_TEST_DATA") is { Length: > 0 } chosen ? [chosen] : [];
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Metering.sln")))
            {
                folders.Add(Path.Combine(folder.FullName, "..", "shared", "data"));
            }
        }

        return folders.Select(folder => Path.Combine(folder, Name)).FirstOrDefault(File.Exists);
    }

    private static string[] Generate()
    {
        Random random = new(20231116);
        DateTime time = new(2023, 11, 16, 18, 17, 3, DateTimeKind.Utc);
        List<string> lines = ["TIMESTAMP,ContextTokens,GeneratedTokens"];
        StringBuilder line = new();
        for (int i = 0; i < Rows; i++)
        {
            time = time.AddTicks(random.Next(8_000_000));
            line.Clear().Append(CultureInfo.InvariantCulture, $"{time:yyyy-MM-dd HH:mm:ss.fffffff},{random.Next(3, 8000)},{random.Next(1, 1000)}");
            lines.Add(line.ToString());

            // Equal rows are different calls.
            if (i % 1000 == 0)
            {
                lines.Add(line.ToString());
            }
        }

        return [.. lines];
    }
}
