using System.Runtime.CompilerServices;
using Metering.Embedded.ClickHouse.Native;
using Metering.Embedded.Packages;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Metering.Embedded.Tests;

public class SignalHandlerTests
{
    [Fact]
    public async Task A_null_reference_is_an_exception_after_libchdb_has_connected()
    {
        using TempFolder folder = new();
        string package = await EngineCache.Open(NullLoggerFactory.Instance, TimeProvider.System).GetAsync(EnginePackage.ClickHouse, CancellationToken.None);
        using ChdbEngine engine = new(Path.Combine(package, EnginePackage.ClickHouse.MainFile), folder.Path);
        for (int i = 0; i < 3; i++)
        {
            using ChdbConnection connection = engine.Connect();
            Assert.Equal("1", connection.Execute("SELECT 1").Trim());
            Assert.Throws<NullReferenceException>(() => LengthOf(null!));
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int LengthOf(string text) => text.Length;
}
