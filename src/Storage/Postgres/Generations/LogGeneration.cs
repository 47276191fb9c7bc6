using Metering.Contracts;

namespace Metering.Storage.Postgres.Generations;

/// <summary>
/// One incarnation of the usage topic. The partition count of a topic never changes, so a log grows by a new topic; partition numbers and offsets go on
/// from those before, and an earlier generation therefore counts as a smaller offset.
/// </summary>
/// <param name="Number">1, 2, 3, …</param>
/// <param name="Partitions">Of its topic.</param>
/// <param name="FirstPart">Number of its first partition among those of all generations.</param>
/// <param name="BaseOffset">Added to the offsets of its topic: at or above every offset that was counted before.</param>
/// <param name="House">Number of the house partition: one above the last of the first generation, for ever.</param>
public sealed record LogGeneration(int Number, int Partitions, int FirstPart, long BaseOffset, int House)
{
    public string Topic => Number == 1 ? Topics.UsageEvents : $"{Topics.UsageEvents}.{Number}";

    public int LastPart => FirstPart + Partitions - 1;

    /// <summary>Every partition number in use up to this generation, the house partition's too, is below.</summary>
    public int PartCount => Math.Max(LastPart, House) + 1;

    public static LogGeneration First(int partitions) => new(1, partitions, 0, 0, partitions);

    public LogGeneration Next(int partitions, long baseOffset) => new(Number + 1, partitions, PartCount, baseOffset, House);

    public bool Holds(int part) => part >= FirstPart && part <= LastPart;
}
