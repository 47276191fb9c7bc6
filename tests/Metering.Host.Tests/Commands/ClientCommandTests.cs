using System.Text.Json;
using Metering.Host.Tests.Support;
using Xunit;

namespace Metering.Host.Tests.Commands;

public sealed class ClientCommandTests(RunningServer server)
{
    private readonly string _tenant = RunningServer.NewTenant();

    [Fact]
    public async Task Meters_are_created_listed_shown_and_deleted()
    {
        CommandRun created = await RunAsync("meters", "create", "tokens", "--event-type", "llm", "--aggregation", "sum", "--value", "$.tokens", "--group-by", "model=$.model");

        Assert.Equal((0, ""), (created.ExitCode, created.Error));
        Assert.Contains("tokens", (await RunAsync("meters", "list")).Out, StringComparison.Ordinal);
        Assert.Equal("$.model", Json(await RunAsync("meters", "get", "tokens")).GetProperty("groupBy").GetProperty("model").GetString());
        Assert.Equal(0, (await RunAsync("meters", "delete", "tokens")).ExitCode);
        CommandRun gone = await RunAsync("meters", "get", "tokens");
        Assert.Equal((1, "metering: meter not found: tokens. (404)"), (gone.ExitCode, gone.Error.Trim()));
    }

    [Fact]
    public async Task What_is_sent_can_be_queried_as_table_JSON_and_CSV()
    {
        await RunAsync("meters", "create", "tokens", "--event-type", "llm", "--aggregation", "SUM", "--value", "$.tokens", "--group-by", "model=$.model");
        CommandRun sent = await RunAsync("send", "--type", "llm", "--subject", "acme", "--time", "2024-01-31T12:00:30Z", "--data", """{"tokens":12.5,"model":"small"}""");
        CommandRun many = await RunAsync(
            "send",
            """{"id":"1","source":"s","type":"llm","subject":"acme","time":"2024-01-31T12:01:00Z","data":{"tokens":2,"model":"large"}}""",
            """{"id":"1","source":"s","type":"llm","subject":"acme","time":"2024-01-31T12:02:00Z","data":{"tokens":2,"model":"large"}}""");

        Assert.Equal("1 accepted, 0 refused", sent.Out.Trim());
        Assert.Equal("2 accepted, 0 refused", many.Out.Trim());
        CommandRun table = await RunningServer.UntilAsync(() => RunAsync("query", "tokens", "--group-by", "subject,model"), run => run.Out.Contains("large", StringComparison.Ordinal) && run.Out.Contains("small", StringComparison.Ordinal));
        Assert.Contains("12.5", table.Out, StringComparison.Ordinal);
        Assert.Contains("█", table.Out, StringComparison.Ordinal);
        Assert.Equal(14.5m, Json(await RunAsync("query", "tokens", "--json")).GetProperty("data")[0].GetProperty("value").GetDecimal());
        CommandRun csv = await RunAsync("query", "tokens", "--csv", "--window", "day", "--filter", "model=large", "--subject", "acme");
        Assert.Equal("window_start,window_end,subject,value\n2024-01-31T00:00:00Z,2024-02-01T00:00:00Z,acme,2.000000", csv.Out.Trim());
    }

    [Fact]
    public async Task Events_and_the_history_of_one_are_shown()
    {
        await RunAsync("send", "--type", "llm", "--subject", "acme", "--id", "e-1", "--source", "shell", "--data", """{"tokens":7}""");
        await RunAsync("send", "--type", "other", "--subject", "acme", "--id", "e-2", "--source", "shell");

        CommandRun events = await RunningServer.UntilAsync(() => RunAsync("events", "--subject", "acme"), run => run.Out.Contains("e-1", StringComparison.Ordinal) && run.Out.Contains("e-2", StringComparison.Ordinal));
        Assert.Contains("""{"tokens":7}""", events.Out, StringComparison.Ordinal);
        Assert.DoesNotContain("e-2", (await RunAsync("events", "--type", "llm", "--json")).Out, StringComparison.Ordinal);
        Assert.Equal("use", Json(await RunAsync("events", "history", "--source", "shell", "--id", "e-1")).GetProperty("records")[0].GetProperty("kind").GetString());
    }

    [Fact]
    public async Task A_dead_letter_is_listed_shown_repaired_and_replayed()
    {
        using TempFolder folder = new();
        await RunAsync("meters", "create", "calls", "--event-type", "llm", "--aggregation", "COUNT");
        CommandRun refused = await RunAsync("send", """{"id":"d-1","source":"shell","type":"llm"}""");
        Assert.Equal((1, "metering: event 0 (id \"d-1\"): subject is missing (missing_field)"), (refused.ExitCode, refused.Error.Trim()));

        CommandRun listed = await RunningServer.UntilAsync(() => RunAsync("dead-letters", "list", "--json"), run => run.Out.Length > 0);
        JsonElement letter = Json(listed);
        string[] place = [letter.GetProperty("part").GetRawText(), letter.GetProperty("off").GetRawText()];
        Assert.Equal("missing_field", Json(await RunAsync(["dead-letters", "show", .. place])).GetProperty("code").GetString());
        Assert.Equal(1, (await RunAsync(["dead-letters", "replay", .. place])).ExitCode);

        string repaired = folder.Write("repaired.json", """{"id":"d-1","source":"shell","type":"llm","subject":"acme"}""");
        CommandRun replayed = await RunAsync(["dead-letters", "replay", .. place, "--data", repaired]);
        Assert.Equal((0, ""), (replayed.ExitCode, replayed.Error));
        Assert.True(Json(await RunAsync(["dead-letters", "show", .. place])).GetProperty("replayed").GetBoolean());
        Assert.Equal(1, await RunningServer.UntilAsync(async () => (await server.UsageAsync(_tenant, "calls")).Values.Sum(), calls => calls == 1));
    }

    [Fact]
    public async Task The_audit_is_exact_and_there_is_nothing_to_repair()
    {
        CommandRun audit = await RunAsync("audit");
        CommandRun repair = await RunAsync("repair", "windows", "--yes");

        Assert.Equal((0, ""), (audit.ExitCode, audit.Error));
        Assert.EndsWith("Exact.", audit.Out.Trim(), StringComparison.Ordinal);
        Assert.Equal((0, "0 differences; nothing to repair."), (repair.ExitCode, repair.Out.Trim()));
    }

    [Fact]
    public async Task Keys_are_made_used_and_revoked_through_the_data_folder()
    {
        CommandRun created = await CommandRun.RunAsync("keys", "create", "--tenant", _tenant, "--name", "test", "--data", server.Data);
        Assert.Equal(0, created.ExitCode);
        string secret = created.Out.Trim();
        CommandRun withKey = await CommandRun.RunAsync("meters", "list", "--server", server.Url, "--api-key", secret);
        Assert.Equal((0, ""), (withKey.ExitCode, withKey.Error));

        CommandRun wrong = await CommandRun.RunAsync("meters", "list", "--server", server.Url, "--api-key", "mtr_wrong");
        Assert.Equal(1, wrong.ExitCode);
        Assert.Contains("METERING_API_KEY", wrong.Error, StringComparison.Ordinal);

        CommandRun list = await CommandRun.RunAsync("keys", "list", "--tenant", _tenant, "--data", server.Data);
        string id = list.Out.Split(' ', '\n').First(word => word.Length == 26);
        Assert.Equal(0, (await CommandRun.RunAsync("keys", "revoke", id, "--data", server.Data)).ExitCode);
        Assert.Equal(1, (await CommandRun.RunAsync("keys", "revoke", id, "--data", server.Data)).ExitCode);
    }

    [Fact]
    public async Task The_doctor_reports_all_checks_when_the_server_keeps_its_data_elsewhere()
    {
        string elsewhere = Path.Combine(server.Data, "elsewhere");
        CommandRun run = await CommandRun.RunAsync("doctor", "--data", elsewhere, "--http", server.Url["http://".Length..]);
        Assert.Equal(1, run.ExitCode);
        Assert.Contains("no embedded PostgreSQL", run.Out.ReplaceLineEndings(" "), StringComparison.Ordinal);
        Assert.Contains(".NET", run.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_doctor_finds_the_running_server_ready()
    {
        CommandRun run = await CommandRun.RunAsync("doctor", "--data", server.Data, "--http", server.Url["http://".Length..]);

        Assert.Equal((0, ""), (run.ExitCode, run.Error));
        Assert.Contains("✓ server: ready at", run.Out, StringComparison.Ordinal);
        Assert.Contains("✓ PostgreSQL's clock", run.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_is_not_there_is_one_sentence_and_exit_code_2()
    {
        CommandRun run = await CommandRun.RunAsync("meters", "list", "--server", "http://127.0.0.1:1");

        Assert.Equal(2, run.ExitCode);
        Assert.StartsWith("metering: http://127.0.0.1:1 does not answer", run.Error, StringComparison.Ordinal);
        Assert.Single(run.Error.Trim().Split('\n'));
    }

    private Task<CommandRun> RunAsync(params string[] args) => server.RunAsync(_tenant, args);

    private static JsonElement Json(CommandRun run) => JsonDocument.Parse(run.Out).RootElement;
}
