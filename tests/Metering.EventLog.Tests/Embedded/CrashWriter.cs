using System.Text;
using Metering.EventLog.Embedded;

namespace Metering.EventLog.Tests.Embedded;

/// <summary>The process that <see cref="CrashTests"/> kills: appends for ever and prints what was acknowledged, one line per batch.</summary>
internal static class CrashWriter
{
    private const int Writers = 3;

    public static string Value(int writer, int number) => $"{writer}:{number}:{new string((char)('a' + (number % 26)), (number * 37) % 400)}";

    public static async Task<int> RunAsync(string folder, int round)
    {
        await using EmbeddedEventLog log = LogUse.Open(SmallLog.Options(folder));
        ITopic topic = await log.OpenAsync(LogUse.Topic, CancellationToken.None);
        await Task.WhenAll(Enumerable.Range(0, Writers).Select(w => Task.Run(() => WriteAsync(topic, w, round))));
        return 0;
    }

    private static async Task WriteAsync(ITopic topic, int writer, int round)
    {
        Random random = new((round * Writers) + writer);
        using AppendBatch batch = new();
        for (int number = round * 1_000_000; ;)
        {
            batch.Reset();
            int count = random.Next(1, 60);
            for (int i = 0; i < count; i++)
            {
                batch.Add((number + i) % topic.PartitionCount, Value(writer, number + i));
            }

            await topic.AppendAsync(batch, CancellationToken.None);
            Console.Out.Write(Line(batch, writer, number));
            number += count;
        }
    }

    private static string Line(AppendBatch batch, int writer, int number)
    {
        StringBuilder line = new();
        line.Append(writer).Append(' ').Append(number);
        for (int i = 0; i < batch.Count; i++)
        {
            line.Append(' ').Append(batch.Result(i).IsDurable ? batch.Result(i).Offset : 0);
        }

        return line.Append(" end\n").ToString();
    }
}
