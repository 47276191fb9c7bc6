using System.Diagnostics;
using System.Net;
using System.Runtime.InteropServices;
using System.Text;
using Xunit;

namespace Metering.Embedded.Tests;

public class InsertTests(ClickHouseFixture clickHouse, ITestOutputHelper output)
{
    [Theory]
    [InlineData("INSERT INTO {0}.t FORMAT CSV", "1,x\n2,y\n")]
    [InlineData("INSERT INTO {0}.t (a, b) FORMAT JSONEachRow", "{\"a\":1,\"b\":\"x\"}\n{\"a\":2,\"b\":\"y\"}")]
    [InlineData("INSERT INTO {0}.t (a, b) VALUES", "(1,'x'),(2,'y')")]
    [InlineData("INSERT INTO {0}.t (b, a) FORMAT TSV", "x\t1\ny\t2\n")]
    [InlineData("INSERT INTO {0}.t SETTINGS input_format_allow_errors_num=0 FORMAT CSV", "1,x\n2,y\n")]
    public async Task Rows_come_after_the_statement_in_the_body_or_apart_from_it_in_the_url(string insert, string rows)
    {
        string database = await NewTableAsync();
        string sql = string.Format(insert, database);
        await clickHouse.QueryAsync(sql + "\n" + rows);
        using HttpResponseMessage response = await clickHouse.PostAsync(new StringContent(rows), "query=" + Uri.EscapeDataString(sql));
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Contains("\"written_rows\":\"2\"", response.Headers.GetValues("X-ClickHouse-Summary").Single(), StringComparison.Ordinal);
        Assert.Equal("1\tx\n1\tx\n2\ty\n2\ty", await clickHouse.QueryAsync($"SELECT a, b FROM {database}.t ORDER BY ALL"));
    }

    [Fact]
    public async Task Columns_that_are_left_out_get_their_defaults()
    {
        string database = await clickHouse.NewDatabaseAsync();
        await clickHouse.QueryAsync($"CREATE TABLE {database}.d (a UInt32, c UInt32 DEFAULT a + 1, m UInt32 MATERIALIZED a * 2, e String EPHEMERAL 'x', f String DEFAULT upper(e)) ENGINE = MergeTree ORDER BY a");
        byte[] rows = [1, 0, 0, 0, 2, (byte)'h', (byte)'i'];
        await InsertAsync($"INSERT INTO {database}.d (a, e) FORMAT RowBinary", rows);
        await InsertAsync($"INSERT INTO {database}.d (a) FORMAT RowBinary", [2, 0, 0, 0]);
        Assert.Equal("1\t2\t2\tHI\n2\t3\t4\tX", await clickHouse.QueryAsync($"SELECT a, c, m, f FROM {database}.d ORDER BY a"));
    }

    [Fact]
    public async Task Binary_rows_may_hold_any_byte()
    {
        string database = await NewTableAsync();
        byte[] row = [1, 0, 0, 0, 6, (byte)'\n', (byte)';', 0, 0xff, (byte)'\'', (byte)' '];
        await InsertAsync($"INSERT INTO {database}.t FORMAT RowBinary", row);
        await clickHouse.PostAsync(new ByteArrayContent([.. Encoding.ASCII.GetBytes($"INSERT INTO {database}.t (a, b) FORMAT RowBinary\n"), .. row]));
        Assert.Equal("2\t0A3B00FF2720", await clickHouse.QueryAsync($"SELECT count(), any(hex(b)) FROM {database}.t"));
    }

    [Fact]
    public async Task A_bad_row_is_refused_with_its_place()
    {
        string database = await NewTableAsync();
        using HttpResponseMessage response = await clickHouse.PostAsync($"INSERT INTO {database}.t FORMAT CSV\n1,x\nz,y\n");
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Contains("row 2", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Equal("0", await clickHouse.QueryAsync($"SELECT count() FROM {database}.t"));
    }

    [Fact]
    public async Task A_new_shape_of_the_table_is_seen_at_once()
    {
        string database = await NewTableAsync();
        await clickHouse.QueryAsync($"INSERT INTO {database}.t FORMAT CSV\n1,x");
        await clickHouse.QueryAsync($"ALTER TABLE {database}.t ADD COLUMN c UInt8");
        await clickHouse.QueryAsync($"INSERT INTO {database}.t FORMAT CSV\n2,y,9");
        Assert.Equal("0\n9", await clickHouse.QueryAsync($"SELECT c FROM {database}.t ORDER BY a"));
    }

    [Fact]
    public async Task Insert_select_and_the_settings_of_the_product_work()
    {
        string database = await NewTableAsync();
        const string Settings = "async_insert=0&wait_end_of_query=1&deduplicate_insert=disable";
        await clickHouse.QueryAsync($"INSERT INTO {database}.t SELECT number, 'n' FROM numbers(10)", Settings);
        using HttpResponseMessage response = await clickHouse.PostAsync(new StringContent("5,z"), $"{Settings}&query=" + Uri.EscapeDataString($"INSERT INTO {database}.t FORMAT CSV"));
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        await clickHouse.QueryAsync($"INSERT INTO {database}.t FORMAT CSV\n5,z", Settings);
        Assert.Equal("12", await clickHouse.QueryAsync($"SELECT count() FROM {database}.t"));
    }

    [Fact]
    public async Task The_products_tables_and_statements_work()
    {
        string database = await clickHouse.NewDatabaseAsync();
        await clickHouse.QueryAsync(
            $"CREATE TABLE {database}.r (k UInt32, at DateTime64(7, 'UTC'), v Decimal(38, 12), ver UInt64) ENGINE = ReplacingMergeTree(ver) PARTITION BY toYYYYMM(at) ORDER BY (k, at) TTL toDateTime(at) + INTERVAL 50 YEAR SETTINGS fsync_after_insert = 1, fsync_part_directory = 1");
        await clickHouse.QueryAsync($"INSERT INTO {database}.r FORMAT CSV\n1,2024-01-02 03:04:05.1234567,1.000000000001,1");
        await clickHouse.QueryAsync($"INSERT INTO {database}.r FORMAT CSV\n1,2024-01-02 03:04:05.1234567,2.5,2\n2,2024-02-01 00:00:00,3,1");
        await clickHouse.QueryAsync($"CREATE VIEW {database}.v AS WITH (SELECT max(ver) FROM {database}.r) AS top, kept AS (SELECT * FROM {database}.r FINAL) SELECT k, v, top FROM kept");
        Assert.Equal("1\t2.5\t2\n2\t3\t2", await clickHouse.QueryAsync($"SELECT * FROM {database}.v ORDER BY k"));
        await clickHouse.QueryAsync($"ALTER TABLE {database}.r DROP PARTITION 202402");
        Assert.Equal("1\t2024-01-02 03:04:05.1234567", await clickHouse.QueryAsync($"SELECT k, at FROM {database}.r FINAL WHERE k = {{k:UInt16}}", "param_k=1"));
    }

    [Fact]
    public async Task Rows_go_in_at_speed()
    {
        const int Rows = 2_000_000;
        string database = await clickHouse.NewDatabaseAsync();
        await clickHouse.QueryAsync($"CREATE TABLE {database}.s (a UInt64, b UInt64) ENGINE = MergeTree ORDER BY a");
        byte[] rows = new byte[Rows * 16];
        Span<ulong> cells = MemoryMarshal.Cast<byte, ulong>(rows.AsSpan());
        for (int i = 0; i < cells.Length; i++)
        {
            cells[i] = (ulong)i;
        }

        for (int round = 0; round < 3; round++)
        {
            long started = Stopwatch.GetTimestamp();
            await InsertAsync($"INSERT INTO {database}.s FORMAT RowBinary", rows);
            output.WriteLine($"RowBinary: {Rows / Stopwatch.GetElapsedTime(started).TotalSeconds:N0} rows/s");
        }

        Assert.Equal((3 * Rows).ToString(), await clickHouse.QueryAsync($"SELECT count() FROM {database}.s"));
    }

    private async Task<string> NewTableAsync()
    {
        string database = await clickHouse.NewDatabaseAsync();
        await clickHouse.QueryAsync($"CREATE TABLE {database}.t (a UInt32, b String) ENGINE = MergeTree ORDER BY a");
        return database;
    }

    private async Task InsertAsync(string sql, byte[] rows)
    {
        using HttpResponseMessage response = await clickHouse.PostAsync(new ByteArrayContent(rows), "query=" + Uri.EscapeDataString(sql));
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync());
    }
}
