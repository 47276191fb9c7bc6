using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Xunit;

namespace Metering.Embedded.Tests;

public class HttpInterfaceTests(ClickHouseFixture clickHouse)
{
    [Theory]
    [InlineData("/ping")]
    [InlineData("/")]
    [InlineData("/replicas_status")]
    public async Task Health_checks_answer_ok(string path) =>
        Assert.Equal("Ok.\n", await clickHouse.Http.GetStringAsync(new Uri(path, UriKind.Relative)));

    [Fact]
    public async Task A_query_comes_in_the_url_or_the_body_or_both()
    {
        Assert.Equal("1\n", await clickHouse.Http.GetStringAsync(new Uri("/?query=SELECT+1", UriKind.Relative)));
        Assert.Equal("2", await clickHouse.QueryAsync("SELECT 2"));
        Assert.Equal("3", await clickHouse.QueryAsync("+ 2", "query=SELECT+1"));
    }

    [Fact]
    public async Task The_form_of_the_answer_is_chosen_by_clause_parameter_or_header()
    {
        Assert.Equal("1,\"a\"", await clickHouse.QueryAsync("SELECT 1, 'a' FORMAT CSV"));
        Assert.Equal("1,\"a\"", await clickHouse.QueryAsync("SELECT 1, 'a'", "default_format=CSV"));
        Assert.Equal("[1, \"a\"]", await clickHouse.QueryAsync("SELECT 1, 'a' FORMAT JSONCompactEachRow", "default_format=CSV"));
        using HttpRequestMessage request = new(HttpMethod.Post, "/") { Content = new StringContent("SELECT 1 AS x") };
        request.Headers.Add("X-ClickHouse-Format", "JSONEachRow");
        using HttpResponseMessage response = await clickHouse.Http.SendAsync(request);
        Assert.Equal("{\"x\":1}\n", await response.Content.ReadAsStringAsync());
        Assert.Equal("JSONEachRow", response.Headers.GetValues("X-ClickHouse-Format").Single());
        Assert.Equal("application/x-ndjson", response.Content.Headers.ContentType!.MediaType);
    }

    [Fact]
    public async Task Headers_are_the_servers()
    {
        using HttpResponseMessage response = await clickHouse.PostAsync("SELECT 1", "query_id=my-id");
        Assert.Equal("my-id", response.Headers.GetValues("X-ClickHouse-Query-Id").Single());
        Assert.Equal("UTC", response.Headers.GetValues("X-ClickHouse-Timezone").Single());
        Assert.NotEmpty(response.Headers.GetValues("X-ClickHouse-Server-Display-Name").Single());
        Assert.Equal("TabSeparated", response.Headers.GetValues("X-ClickHouse-Format").Single());
    }

    [Theory]
    [InlineData("SELECT 1 FROM missing", 60, 404, "UNKNOWN_TABLE")]
    [InlineData("SELECT 1 FROM missing.t", 81, 404, "UNKNOWN_DATABASE")]
    [InlineData("SELEC 1", 62, 400, "SYNTAX_ERROR")]
    [InlineData("", 62, 400, "SYNTAX_ERROR")]
    [InlineData("SELECT 1; SELECT 2", 62, 400, "SYNTAX_ERROR")]
    [InlineData("CREATE DATABASE x1; CREATE DATABASE x2", 62, 400, "SYNTAX_ERROR")]
    [InlineData("SELECT missing", 47, 404, "UNKNOWN_IDENTIFIER")]
    [InlineData("SELECT missing()", 46, 404, "UNKNOWN_FUNCTION")]
    [InlineData("SELECT 1 FORMAT Missing", 73, 404, "UNKNOWN_FORMAT")]
    [InlineData("SELECT toUInt8('x')", 6, 400, "CANNOT_PARSE_TEXT")]
    [InlineData("SELECT throwIf(1)", 395, 500, "FUNCTION_THROW_IF_VALUE_IS_NON_ZERO")]
    [InlineData("SELECT {x:UInt8}", 456, 500, "UNKNOWN_QUERY_PARAMETER")]
    [InlineData("SELECT 1 INTO OUTFILE '/tmp/metering-never'", 1, 500, "UNSUPPORTED_METHOD")]
    [InlineData("INSERT INTO missing FORMAT CSV\n1", 60, 404, "UNKNOWN_TABLE")]
    public async Task An_error_has_the_servers_code_status_and_text(string sql, int code, int status, string name)
    {
        using HttpResponseMessage response = await clickHouse.PostAsync(sql);
        string text = await response.Content.ReadAsStringAsync();
        Assert.StartsWith($"Code: {code}. DB::Exception: ", text, StringComparison.Ordinal);
        Assert.Contains($"({name})", text, StringComparison.Ordinal);
        Assert.Contains("(version 26.", text, StringComparison.Ordinal);
        Assert.Equal(code.ToString(), response.Headers.GetValues("X-ClickHouse-Exception-Code").Single());
        Assert.Equal(status, (int)response.StatusCode);
    }

    [Theory]
    [InlineData("database=missing", 81, 404)]
    [InlineData("no_such_setting=1", 115, 404)]
    [InlineData("compress=1", 48, 501)]
    public async Task A_wrong_parameter_is_an_error(string parameter, int code, int status)
    {
        using HttpResponseMessage response = await clickHouse.PostAsync("SELECT 1", parameter);
        Assert.Equal(code.ToString(), response.Headers.GetValues("X-ClickHouse-Exception-Code").Single());
        Assert.Equal(status, (int)response.StatusCode);
    }

    [Fact]
    public async Task Get_only_reads()
    {
        using HttpResponseMessage response = await clickHouse.Http.GetAsync(new Uri("/?query=CREATE+DATABASE+by_get", UriKind.Relative));
        Assert.Equal("164", response.Headers.GetValues("X-ClickHouse-Exception-Code").Single());
    }

    [Fact]
    public async Task Query_parameters_are_typed_and_never_part_of_the_text()
    {
        Assert.Equal("7\ta\\'b", await clickHouse.QueryAsync("SELECT {p:UInt16}, {s:String}", "param_p=7&param_s=a'b"));
        Assert.Equal("[1,2]", await clickHouse.QueryAsync("SELECT {p:Array(UInt8)}", "param_p=[1,2]"));
        Assert.Equal("2", await clickHouse.QueryAsync("SELECT number FROM numbers(10) WHERE number = {p:UInt64}", "param_p=2"));
    }

    [Fact]
    public async Task Settings_and_the_database_do_not_leak_into_the_next_request()
    {
        string database = await clickHouse.NewDatabaseAsync();
        Assert.Equal("1\t" + database, await clickHouse.QueryAsync("SELECT getSetting('max_threads'), currentDatabase()", $"max_threads=1&database={database}"));
        await clickHouse.QueryAsync("SET max_block_size = 77");
        await clickHouse.QueryAsync("SELECT 1 SETTINGS max_block_size = 78");
        using HttpResponseMessage failed = await clickHouse.PostAsync("SELECT throwIf(1)", "max_block_size=79&readonly=1");
        for (int i = 0; i < 20; i++)
        {
            Assert.Equal("default\t0\t0", await clickHouse.QueryAsync(
                "SELECT currentDatabase(), countIf(name = 'max_block_size' AND changed), countIf(name = 'max_threads' AND changed) FROM system.settings"));
        }
    }

    [Fact]
    public async Task A_session_keeps_its_tables_and_settings_and_drops_a_requests_own()
    {
        await clickHouse.QueryAsync("CREATE TEMPORARY TABLE mine (a UInt8)", "session_id=s1");
        await clickHouse.QueryAsync("INSERT INTO mine FORMAT CSV\n5", "session_id=s1");
        await clickHouse.QueryAsync("SET max_block_size = 123", "session_id=s1");
        Assert.Equal("5\t7", await clickHouse.QueryAsync("SELECT a, getSetting('max_block_size') FROM mine", "session_id=s1&max_block_size=7"));
        Assert.Equal("123", await clickHouse.QueryAsync("SELECT getSetting('max_block_size')", "session_id=s1"));
        using HttpResponseMessage other = await clickHouse.PostAsync("SELECT a FROM mine");
        Assert.Equal(HttpStatusCode.NotFound, other.StatusCode);
        using HttpResponseMessage unknown = await clickHouse.PostAsync("SELECT 1", "session_id=nobody&session_check=1");
        Assert.Equal("372", unknown.Headers.GetValues("X-ClickHouse-Exception-Code").Single());
    }

    [Theory]
    [InlineData("gzip")]
    [InlineData("deflate")]
    [InlineData("zstd")]
    [InlineData("lz4")]
    [InlineData("br")]
    public async Task Bodies_are_compressed_in_both_directions(string coding)
    {
        byte[] sql = Encoding.UTF8.GetBytes("SELECT number FROM numbers(100000)");
        using MemoryStream compressed = new();
        await using (Stream encoder = Encoder(compressed, coding))
        {
            encoder.Write(sql);
        }

        ByteArrayContent content = new(compressed.ToArray());
        content.Headers.ContentEncoding.Add(coding);
        using HttpRequestMessage request = new(HttpMethod.Post, "/?enable_http_compression=1") { Content = content };
        request.Headers.AcceptEncoding.Add(new StringWithQualityHeaderValue(coding));
        using HttpResponseMessage response = await clickHouse.Http.SendAsync(request);
        Assert.Equal(coding, response.Content.Headers.ContentEncoding.Single());
        await using Stream decoder = Decoder(await response.Content.ReadAsStreamAsync(), coding);
        using StreamReader reader = new(decoder);
        Assert.Equal(100000, (await reader.ReadToEndAsync()).Count(c => c == '\n'));
    }

    [Theory]
    [InlineData("gzip")]
    [InlineData("deflate")]
    [InlineData("zstd")]
    public async Task A_result_without_rows_says_nothing_of_a_coding(string coding)
    {
        using HttpRequestMessage request = new(HttpMethod.Post, "/?enable_http_compression=1") { Content = new StringContent("SELECT 1 WHERE 0") };
        request.Headers.AcceptEncoding.Add(new StringWithQualityHeaderValue(coding));
        using HttpResponseMessage response = await clickHouse.Http.SendAsync(request);
        Assert.Empty(response.Content.Headers.ContentEncoding);
        Assert.Equal("", await response.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task A_body_that_is_not_what_it_says_is_refused()
    {
        ByteArrayContent content = new("SELECT 1"u8.ToArray());
        content.Headers.ContentEncoding.Add("gzip");
        using HttpResponseMessage response = await clickHouse.PostAsync(content);
        Assert.Equal("271", response.Headers.GetValues("X-ClickHouse-Exception-Code").Single());
    }

    [Fact]
    public async Task Every_block_of_a_sparse_result_arrives()
    {
        Assert.Equal("99999999", await clickHouse.QueryAsync("SELECT number FROM numbers(100000000) WHERE number = 99999999"));
        Assert.Equal("1000000", await clickHouse.QueryAsync("SELECT count() FROM (SELECT number FROM numbers(1000000))"));
        Assert.Equal("0\t1\n1\t1\n\n0\t2", await clickHouse.QueryAsync("SELECT number, count() FROM numbers(2) GROUP BY number WITH TOTALS ORDER BY number"));
    }

    [Theory]
    [InlineData("Parquet")]
    [InlineData("Pretty")]
    [InlineData("JSON")]
    [InlineData("JSONColumns")]
    [InlineData("Native")]
    [InlineData("Null")]
    [InlineData("ArrowStream")]
    public async Task Formats_are_whole(string format)
    {
        string result = await clickHouse.QueryAsync($"SELECT number AS n, toString(number) AS s FROM numbers(300000) FORMAT {format}");
        if (format == "JSON")
        {
            using JsonDocument json = JsonDocument.Parse(result);
            Assert.Equal(300000, json.RootElement.GetProperty("data").GetArrayLength());
        }
        else
        {
            Assert.Equal(format == "Null", result.Length == 0);
        }
    }

    [Fact]
    public async Task Statements_without_rows_and_about_the_server_work()
    {
        string database = await clickHouse.NewDatabaseAsync();
        Assert.Equal("", await clickHouse.QueryAsync($"CREATE TABLE {database}.t (a UInt8) ENGINE = Memory"));
        Assert.Equal("t", await clickHouse.QueryAsync($"SHOW TABLES FROM {database}"));
        Assert.StartsWith("a\tUInt8", await clickHouse.QueryAsync($"DESCRIBE TABLE {database}.t"), StringComparison.Ordinal);
        Assert.Equal("1", await clickHouse.QueryAsync($"EXISTS TABLE {database}.t"));
        Assert.NotEmpty(await clickHouse.QueryAsync("EXPLAIN SELECT 1"));
        Assert.Equal("1", await clickHouse.QueryAsync("/* note */ -- and\n SELECT 1;"));
    }

    [Fact]
    public async Task An_error_after_the_first_byte_is_marked_and_breaks_the_transfer()
    {
        using HttpRequestMessage request = new(HttpMethod.Post, "/") { Content = new StringContent("SELECT number, throwIf(number = 5000000) FROM numbers(10000000)") };
        using HttpResponseMessage response = await clickHouse.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.NotEmpty(response.Headers.GetValues("X-ClickHouse-Exception-Tag").Single());
        await Assert.ThrowsAnyAsync<Exception>(() => response.Content.ReadAsByteArrayAsync());
    }

    [Theory]
    [InlineData("Origin", "https://example.com")]
    [InlineData("Origin", "null")]
    [InlineData("Host", "rebound.example.com")]
    public async Task Web_pages_from_elsewhere_are_refused(string header, string value)
    {
        using HttpRequestMessage request = new(HttpMethod.Post, "/") { Content = new StringContent("SELECT 1") };
        request.Headers.TryAddWithoutValidation(header, value);
        using HttpResponseMessage response = await clickHouse.Http.SendAsync(request);
        Assert.Equal(HttpStatusCode.Forbidden, response.StatusCode);
    }

    [Fact]
    public async Task Waiting_for_the_end_turns_a_late_error_into_a_status()
    {
        using HttpResponseMessage response = await clickHouse.PostAsync("SELECT number, throwIf(number = 900000) FROM numbers(1000000)", "wait_end_of_query=1");
        Assert.Equal(HttpStatusCode.InternalServerError, response.StatusCode);
        Assert.Equal("395", response.Headers.GetValues("X-ClickHouse-Exception-Code").Single());
        Assert.Equal(10, (await clickHouse.QueryAsync("SELECT number FROM numbers(10)", "wait_end_of_query=1")).Split('\n').Length);
    }

    private static Stream Encoder(Stream target, string coding) => coding switch
    {
        "gzip" => new GZipStream(target, CompressionLevel.Fastest),
        "deflate" => new ZLibStream(target, CompressionLevel.Fastest),
        "br" => new BrotliStream(target, CompressionLevel.Fastest),
        "zstd" => new ZstdSharp.CompressionStream(target),
        _ => K4os.Compression.LZ4.Streams.LZ4Stream.Encode(target),
    };

    private static Stream Decoder(Stream source, string coding) => coding switch
    {
        "gzip" => new GZipStream(source, CompressionMode.Decompress),
        "deflate" => new ZLibStream(source, CompressionMode.Decompress),
        "br" => new BrotliStream(source, CompressionMode.Decompress),
        "zstd" => new ZstdSharp.DecompressionStream(source),
        _ => K4os.Compression.LZ4.Streams.LZ4Stream.Decode(source),
    };
}
