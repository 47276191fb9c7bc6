namespace Metering.EventLog.Tests.Embedded;

internal sealed class TempFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("metering-log-").FullName;

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
