using ClickHouse.Driver;
using ClickHouse.Driver.ADO;
using ClickHouse.Driver.Utility;
using Xunit;

namespace Metering.Embedded.Tests;

public class ClickHouseDriverTests(ClickHouseFixture clickHouse)
{
    [Fact]
    public async Task Types_survive_the_round_trip()
    {
        string database = await clickHouse.NewDatabaseAsync();
        using ClickHouseClient client = new(clickHouse.Server.ConnectionString);
        await client.ExecuteNonQueryAsync(
            $"CREATE TABLE {database}.types (n Decimal(38, 12), at DateTime64(7, 'UTC'), f FixedString(16), a Array(String), e Enum8('x' = 1, 'y' = 2), l LowCardinality(String), o Nullable(Int64)) ENGINE = MergeTree ORDER BY at");
        DateTime at = new DateTime(2024, 5, 6, 7, 8, 9, DateTimeKind.Utc).AddTicks(1234567);
        byte[] fixedBytes = [.. Enumerable.Range(0, 16).Select(i => (byte)(i + 'a'))];
        object[][] rows = [[123456789012345.123456789012m, at, fixedBytes, new[] { "p", "q" }, "y", "low", null!]];
        await client.InsertBinaryAsync($"{database}.types", ["n", "at", "f", "a", "e", "l", "o"], rows);

        using System.Data.Common.DbDataReader reader = await client.ExecuteReaderAsync($"SELECT n, at, hex(f), a, e, l, o FROM {database}.types");
        Assert.True(reader.Read());
        Assert.Equal("123456789012345.123456789012", reader.GetValue(0).ToString());
        Assert.Equal(at.Ticks, reader.GetDateTime(1).Ticks);
        Assert.Equal(Convert.ToHexString(fixedBytes), reader.GetString(2));
        Assert.Equal(["p", "q"], (string[])reader.GetValue(3));
        Assert.Equal("y", reader.GetString(4));
        Assert.Equal("low", reader.GetString(5));
        Assert.True(reader.IsDBNull(6));
    }

    [Fact]
    public async Task Parameters_and_errors_arrive()
    {
        await using ClickHouseConnection connection = new(clickHouse.Server.ConnectionString);
        await connection.OpenAsync();
        await using ClickHouseCommand command = connection.CreateCommand();
        command.CommandText = "SELECT {n:UInt16} + 1, {s:String}";
        command.AddParameter("n", 41);
        command.AddParameter("s", "it's\ta \\ test");
        await using System.Data.Common.DbDataReader reader = await command.ExecuteReaderAsync();
        Assert.True(reader.Read());
        Assert.Equal(42, Convert.ToInt32(reader.GetValue(0)));
        Assert.Equal("it's\ta \\ test", reader.GetString(1));

        await using ClickHouseCommand wrong = connection.CreateCommand();
        wrong.CommandText = "SELECT 1 FROM missing";
        ClickHouseServerException error = await Assert.ThrowsAsync<ClickHouseServerException>(() => wrong.ExecuteReaderAsync());
        Assert.Equal(60, error.ErrorCode);
    }

    [Fact]
    public async Task A_large_result_has_one_header()
    {
        using ClickHouseClient client = new(clickHouse.Server.ConnectionString);
        using System.Data.Common.DbDataReader reader = await client.ExecuteReaderAsync("SELECT number FROM numbers(1000000)");
        ulong expected = 0;
        while (reader.Read())
        {
            Assert.Equal(expected++, reader.GetFieldValue<ulong>(0));
        }

        Assert.Equal(1000000UL, expected);
    }
}
