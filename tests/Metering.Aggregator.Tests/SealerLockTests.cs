using Metering.Aggregator.Sealing;
using Metering.Aggregator.Tests.Harness;
using Metering.Storage.Postgres;
using Npgsql;
using Xunit;

namespace Metering.Aggregator.Tests;

public sealed class SealerLockTests(Engines engines)
{
    [Fact]
    public async Task A_sealer_that_hangs_loses_the_lock_and_hears_of_it()
    {
        await using PostgresDatabase postgres = new((await engines.NewPlaceAsync()).Postgres);
        ISealerLock hanging = (await SealerLock.TryTakeAsync(postgres, TimeSpan.FromSeconds(1), default))!;
        Assert.Null(await SealerLock.TryTakeAsync(postgres, TimeSpan.FromMinutes(1), default));
        await Task.Delay(TimeSpan.FromSeconds(3), TestContext.Current.CancellationToken);

        await using ISealerLock? next = await SealerLock.TryTakeAsync(postgres, TimeSpan.FromMinutes(1), default);
        Assert.NotNull(next);
        await Assert.ThrowsAnyAsync<NpgsqlException>(() => hanging.CheckAsync(default));
    }

    [Fact]
    public async Task A_connection_that_goes_back_may_be_silent_again()
    {
        await using PostgresDatabase postgres = new((await engines.NewPlaceAsync()).Postgres);
        await (await SealerLock.TryTakeAsync(postgres, TimeSpan.FromSeconds(1), default))!.DisposeAsync();
        await Task.Delay(TimeSpan.FromSeconds(3), TestContext.Current.CancellationToken);
        await using NpgsqlCommand command = postgres.Source.CreateCommand("show idle_session_timeout");
        Assert.Equal("0", await command.ExecuteScalarAsync(TestContext.Current.CancellationToken));
    }
}
