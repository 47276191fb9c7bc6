using System.Diagnostics;
using System.Text.Json;
using Metering.BillingCore.Tests.Testing;
using Metering.Storage.Postgres;
using Npgsql;
using Xunit;

namespace Metering.BillingCore.Tests.Runs;

/// <summary>PostgreSQL's own dump, restored. Explicit: it needs pg_dump and psql of the server's version, which not every machine has; row P6 of the fault matrix runs it.</summary>
public sealed class RestoreTests(Engines engines)
{
    [Fact(Explicit = true)]
    public async Task A_tenant_that_goes_on_from_a_restored_dump_is_billed_to_the_byte_as_the_one_that_was_dumped()
    {
        await using CutWorld world = await CutWorld.OpenAsync(engines, batch: 2, workers: 1);
        Seller seller = world.Seller;

        // Mid-life: an invoice is open, charges of a correction wait for the next one, later usage is sealed and not looked at yet, and another month is due.
        await world.MonthAsync(1);
        await world.BillAsync();
        await world.LateAsync(1);
        await world.CorrectAsync("before the dump");
        await world.LateAsync(1);
        await world.MonthAsync(2);
        await using PostgresDatabase restored = await RestoreAsync(engines.ConnectionTo(seller.Postgres));
        await using BillingHost host = await BillingHost.StartAsync(engines, seller.ClickHouse, restored, seller.Time, [("RunBatch", "2")]);
        host.Client.DefaultRequestHeaders.Authorization = seller.Host.Client.DefaultRequestHeaders.Authorization;

        await GoOnAsync(seller.Host);
        await GoOnAsync(host);
        await world.IsWholeAsync();
        IReadOnlyList<string> expected = await EverythingAsync(seller.Host);
        Assert.Equal(expected, await EverythingAsync(host));
        Assert.True(expected.Count > 12, string.Join('\n', expected));
    }

    private static async Task GoOnAsync(BillingHost host)
    {
        foreach (string run in new[] { "/v1/correction-runs", "/v1/billing-runs" })
        {
            Answered ran = await host.SendAsync("POST", run, "{}");
            Assert.True(ran.Status == 200, $"{run}: {ran.Text}");
        }
    }

    /// <summary>Every invoice, what came of computing them again, the corrections, and the ledger.</summary>
    private static async Task<IReadOnlyList<string>> EverythingAsync(BillingHost host)
    {
        List<string> all = [];
        foreach (JsonElement one in (await host.SendAsync("GET", "/v1/invoices")).Json.GetProperty("items").EnumerateArray())
        {
            all.Add((await host.SendAsync("GET", $"/v1/invoices/{one.GetProperty("id").GetString()}")).Text);
        }

        string[] statements = [.. CutWorld.Customers.Select(customer => $"/v1/ledger/customers/{customer}/statement?from=2026-01-01&until=2026-12-31")];
        foreach (string path in (string[])["/v1/invoices/verify", "/v1/corrections", "/v1/ledger/trial-balance", "/v1/ledger/transactions", .. statements])
        {
            Answered answer = await host.SendAsync("GET", path);
            Assert.True(answer.Status == 200, $"{path}: {answer.Text}");
            all.Add(answer.Text);
        }

        return all;
    }

    private static async Task<PostgresDatabase> RestoreAsync(string connection)
    {
        NpgsqlConnectionStringBuilder from = new(connection);
        string file = Path.GetTempFileName();
        try
        {
            await RunAsync("pg_dump", from, "--file", file, from.Database!);
            NpgsqlConnectionStringBuilder to = new(connection) { Database = $"{from.Database}_restored" };
            await using (NpgsqlDataSource server = NpgsqlDataSource.Create(connection))
            {
                await using NpgsqlCommand create = server.CreateCommand($"create database {to.Database}");
                await create.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
            }

            await RunAsync("psql", from, "--quiet", "--set", "ON_ERROR_STOP=1", "--file", file, to.Database!);
            PostgresDatabase restored = new(to.ConnectionString);
            await restored.MigrateAsync(TestContext.Current.CancellationToken);
            return restored;
        }
        finally
        {
            File.Delete(file);
        }
    }

    private static async Task RunAsync(string program, NpgsqlConnectionStringBuilder server, params string[] arguments)
    {
        ProcessStartInfo start = new(program, arguments) { RedirectStandardError = true, RedirectStandardOutput = true };
        (start.Environment["PGHOST"], start.Environment["PGPORT"]) = (server.Host, FormattableString.Invariant($"{server.Port}"));
        (start.Environment["PGUSER"], start.Environment["PGPASSWORD"]) = (server.Username, server.Password);
        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        string errors = await process.StandardError.ReadToEndAsync();
        await output;
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, $"{program}: {errors}");
    }
}
