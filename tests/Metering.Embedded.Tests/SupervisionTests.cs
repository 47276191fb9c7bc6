using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Metering.Embedded.ClickHouse;
using Metering.Embedded.Postgres;
using Npgsql;
using Xunit;

namespace Metering.Embedded.Tests;

public class SupervisionTests(ITestOutputHelper output)
{
    [Fact]
    public async Task A_killed_clickhouse_comes_back_on_its_port_with_its_rows()
    {
        using TempFolder folder = new();
        await using EmbeddedClickHouse server = await Engines.ClickHouseAsync(folder.Path);
        using HttpClient http = new() { BaseAddress = server.Endpoint };
        await PostAsync(http, "CREATE TABLE t (a UInt32) ENGINE = MergeTree ORDER BY a SETTINGS fsync_after_insert = 1");
        await PostAsync(http, "INSERT INTO t FORMAT CSV\n1\n2\n");
        Kill(server.ProcessId);
        await UntilAsync(() => Task.FromResult(server.Restarts == 1));
        Assert.Equal("2\n", await PostAsync(http, "SELECT count() FROM t"));
    }

    [Fact]
    public async Task A_killed_postgres_comes_back_with_its_rows()
    {
        using TempFolder folder = new();
        await using EmbeddedPostgres server = await Engines.PostgresAsync(folder.Path);
        await ExecuteAsync(server, "CREATE TABLE t (a int); INSERT INTO t VALUES (1)");
        Kill(server.ProcessId);
        await UntilAsync(() => Task.FromResult(server.Restarts == 1));
        NpgsqlConnection.ClearAllPools();
        Assert.Equal(1L, await ExecuteAsync(server, "SELECT count(*) FROM t"));
    }

    [Fact]
    public async Task Engines_are_gone_after_their_parent_is_killed_and_start_again()
    {
        using TempFolder folder = new();
        EngineCommand self = EngineCommand.ThisProgram("parent", folder.Path);
        using Process parent = Process.Start(new ProcessStartInfo(self.FileName, self.Arguments) { RedirectStandardOutput = true })!;
        int[] numbers = [.. (await parent.StandardOutput.ReadLineAsync())!.Split(' ').Select(text => int.Parse(text, CultureInfo.InvariantCulture))];
        Kill(parent.Id);
        await parent.WaitForExitAsync();
        long killed = Stopwatch.GetTimestamp();
        await using (EmbeddedClickHouse clickHouse = await Engines.ClickHouseAsync(Path.Combine(folder.Path, "clickhouse"), numbers[2]))
        await using (EmbeddedPostgres postgres = await Engines.PostgresAsync(Path.Combine(folder.Path, "postgres"), numbers[3]))
        {
            output.WriteLine($"started again {Stopwatch.GetElapsedTime(killed).TotalMilliseconds:N0} ms after the parent was killed");
            await UntilAsync(() => Task.FromResult(IsGone(numbers[0]) && IsGone(numbers[1])));
            Assert.Equal(1, await ExecuteAsync(postgres, "SELECT 1"));
        }
    }

    [Fact]
    public async Task A_folder_in_use_is_named_with_its_process()
    {
        using TempFolder folder = new();
        await using EmbeddedClickHouse server = await Engines.ClickHouseAsync(folder.Path);
        EngineException error = await Assert.ThrowsAsync<EngineException>(() => Engines.ClickHouseAsync(folder.Path));
        Assert.Contains(folder.Path, error.Message, StringComparison.Ordinal);
        Assert.Contains($"process {Environment.ProcessId}", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_taken_port_is_named()
    {
        using TempFolder folder = new();
        using TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        int port = ((IPEndPoint)listener.LocalEndpoint).Port;
        EngineException clickHouse = await Assert.ThrowsAsync<EngineException>(() => Engines.ClickHouseAsync(folder.Path, port));
        EngineException postgres = await Assert.ThrowsAsync<EngineException>(() => Engines.PostgresAsync(Path.Combine(folder.Path, "pg"), port));
        Assert.Contains($"Port {port}", clickHouse.Message, StringComparison.Ordinal);
        Assert.Contains($"Port {port}", postgres.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Postgres_is_set_up_as_documented_and_stops_cleanly()
    {
        using TempFolder folder = new();
        long started = Stopwatch.GetTimestamp();
        await using (EmbeddedPostgres server = await Engines.PostgresAsync(folder.Path))
        {
            output.WriteLine($"first start {Stopwatch.GetElapsedTime(started).TotalMilliseconds:N0} ms");
            Assert.Equal("metering", await ExecuteAsync(server, "SELECT current_database()"));
            Assert.Equal("UTC", await ExecuteAsync(server, "SHOW timezone"));
            Assert.Equal("UTF8", await ExecuteAsync(server, "SHOW server_encoding"));
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(folder.Path, "password")));
            await Assert.ThrowsAsync<PostgresException>(async () =>
            {
                await using NpgsqlConnection wrong = new(server.ConnectionString.Replace("Password=", "Password=wrong", StringComparison.Ordinal));
                await wrong.OpenAsync();
            });
        }

        started = Stopwatch.GetTimestamp();
        await using EmbeddedPostgres again = await Engines.PostgresAsync(folder.Path);
        output.WriteLine($"next start {Stopwatch.GetElapsedTime(started).TotalMilliseconds:N0} ms");
        Assert.DoesNotContain("not properly shut down", await File.ReadAllTextAsync(Path.Combine(folder.Path, "cluster", "postgres.log")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task As_root_a_folder_that_postgres_cannot_enter_still_works()
    {
        if (!Environment.IsPrivilegedProcess)
        {
            return;
        }

        using TempFolder folder = new();
        string hidden = Directory.CreateDirectory(Path.Combine(folder.Path, "hidden"), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute).FullName;
        string data = Path.Combine(hidden, "data");
        await using (EmbeddedPostgres server = await Engines.PostgresAsync(data))
        {
            Assert.Equal(1, await ExecuteAsync(server, "SELECT 1"));
        }

        FileSystemInfo actual = Directory.ResolveLinkTarget(Path.Combine(data, "cluster"), returnFinalTarget: true)!;
        Assert.StartsWith("/var/lib/metering/", actual.FullName, StringComparison.Ordinal);
        await using (EmbeddedPostgres again = await Engines.PostgresAsync(data))
        {
            Assert.Equal(1, await ExecuteAsync(again, "SELECT 1"));
        }

        Directory.Delete(actual.FullName, recursive: true);
    }

    private static async Task<object?> ExecuteAsync(EmbeddedPostgres server, string sql)
    {
        await using NpgsqlConnection connection = new(server.ConnectionString + ";Pooling=false");
        await connection.OpenAsync();
        await using NpgsqlCommand command = new(sql, connection);
        return await command.ExecuteScalarAsync();
    }

    private static async Task<string> PostAsync(HttpClient http, string sql)
    {
        using HttpResponseMessage response = await http.PostAsync(new Uri("/", UriKind.Relative), new StringContent(sql));
        string text = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, text);
        return text;
    }

    /// <summary>Ended; one that nobody has waited for is still listed, as a zombie.</summary>
    private static bool IsGone(int processId)
    {
        try
        {
            return File.ReadAllText($"/proc/{processId}/stat").Split(") ")[^1].StartsWith('Z');
        }
        catch (IOException)
        {
            return true;
        }
    }

    private static void Kill(int processId)
    {
        using Process process = Process.GetProcessById(processId);
        process.Kill();
    }

    private static async Task UntilAsync(Func<Task<bool>> condition)
    {
        for (int i = 0; i < 400 && !await condition(); i++)
        {
            await Task.Delay(50);
        }

        Assert.True(await condition());
    }
}
