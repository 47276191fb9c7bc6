using System.Text.Json;
using Metering.Host.Client;
using Metering.Host.Composition;
using Metering.Storage.ClickHouse;
using Spectre.Console;

namespace Metering.Host.Demo;

/// <summary>Sends usage to a server as customers' systems do, waits until it is counted, and holds the answers against what it knows.</summary>
internal sealed class DemoRun : IDisposable
{
    public const string DefaultTenant = "default";

    private static readonly TimeSpan s_poll = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(2);

    private readonly ClickHouseDatabase _clickHouse;
    private readonly DemoSettings _settings;
    private readonly DemoTimeline _timeline;
    private readonly TimeProvider _time;
    private readonly MeteringClient _client;
    private readonly DemoSending _sending;
    private readonly DemoReport _report;
    private readonly DemoPricing _pricing;
    private readonly DemoBilling _billing;

    public DemoRun(MeteringServer server, DemoSettings settings, DemoTimeline timeline, TimeProvider time, IAnsiConsole console)
    {
        (_settings, _timeline, _time) = (settings, timeline, time);
        _clickHouse = server.Services.GetRequiredService<ClickHouseDatabase>();
        _client = new MeteringClient(new Uri(server.HttpAddress + "/"), apiKey: null, settings.Tenant);
        _sending = new DemoSending(new EventSender(_client, time, s_patience));
        _report = new DemoReport(console, server, settings.Tenant);
        _pricing = new DemoPricing(_client, console);
        _billing = new DemoBilling(_client, console);
    }

    /// <returns>Whether the audit and the demo's own expectation agree with the answers.</returns>
    public async Task<bool> RunAsync(CancellationToken cancellationToken)
    {
        foreach (string meter in DemoWorld.Meters)
        {
            (await _client.PostAsync("api/v1/meters", meter, cancellationToken)).Dispose();
        }

        DemoPlan plan = DemoPlan.Create(_settings.Seed, _settings.Events, _timeline.From, _time.GetUtcNow(), _timeline.SealedUpto);
        DemoCounts before = await DemoCounts.ReadAsync(_clickHouse, cancellationToken);
        DemoProgress progress = new(_client, _clickHouse, _sending, before, _time);
        await progress.ShowAsync("Playing last month", () => _sending.SendInOrderAsync(plan.Month, cancellationToken), cancellationToken);
        await progress.ShowAsync("Sending usage", () => _sending.SendAsync(plan.OnTime, cancellationToken), cancellationToken);
        await progress.ShowAsync("Waiting for a seal", () => WaitAsync(SealedAsync, cancellationToken), cancellationToken);
        await progress.ShowAsync("Billing last month", () => _billing.BillAsync(plan.LastMonth.From, cancellationToken), cancellationToken);
        await progress.ShowAsync("Sending late usage", () => SendLateAsync(plan, cancellationToken), cancellationToken);
        await progress.ShowAsync("Waiting until counted", () => WaitAsync(token => CountedAsync(before.Records + plan.Records, token), cancellationToken), cancellationToken);
        await SealLateUsageAsync(cancellationToken);
        await progress.ShowAsync("Correcting the bill", () => _billing.CorrectAsync(cancellationToken), cancellationToken);
        return await ReportAsync(plan, before, cancellationToken);
    }

    public void Dispose() => _client.Dispose();

    private async Task SendLateAsync(DemoPlan plan, CancellationToken cancellationToken)
    {
        await _sending.SendAsync([.. plan.Late, plan.LateForInvoice], cancellationToken);
        await _sending.CorrectAsync("v1/events/void", plan.Void, cancellationToken);
        await _sending.CorrectAsync("v1/events/amend", plan.Amendment, cancellationToken);
    }

    /// <summary>
    /// Late usage is in the answers at once, and becomes a recorded correction with the next seal, which is up to a minute away. A new meter
    /// is a reason to seal as well: what it back-fills has to get into the sealed minutes.
    /// </summary>
    private async Task SealLateUsageAsync(CancellationToken cancellationToken)
    {
        DemoSeal before = await DemoSeal.ReadAsync(_client, cancellationToken);
        (await _client.PostAsync("api/v1/meters", DemoWorld.LaterMeter, cancellationToken)).Dispose();
        await WaitAsync(async token => (await DemoSeal.ReadAsync(_client, token)).Number > before.Number, cancellationToken);
    }

    private async Task<bool> ReportAsync(DemoPlan plan, DemoCounts before, CancellationToken cancellationToken)
    {
        using JsonDocument audit = await AuditAsync(cancellationToken);
        DemoAnswers answers = await DemoAnswers.ReadAsync(_client, cancellationToken);
        DemoSeal seal = await DemoSeal.ReadAsync(_client, cancellationToken);
        _report.Usage(answers);
        _report.Corrections(await DemoFindings.CorrectionsAsync(_clickHouse, _settings.Tenant, cancellationToken), seal.Upto);
        _report.NotCounted(
            await DemoFindings.DeadLettersAsync(_clickHouse, _settings.Tenant, cancellationToken), DemoCounts.Of(audit.RootElement).Since(before).Duplicates, plan.Duplicates);
        bool isGood = _report.Verdict(audit.RootElement, answers.Differences(plan.Expectation), plan.Expectation);
        await _pricing.ShowAsync(_timeline.From, seal.Upto, cancellationToken);
        isGood &= await _billing.ShowAsync(plan.LastMonth.From, cancellationToken);
        if (!_settings.Once)
        {
            _report.Addresses(_timeline.From, seal.Upto);
        }

        return isGood;
    }

    /// <summary>A whole audit, once no meter is left out of it because it is still being back-filled.</summary>
    private async Task<JsonDocument> AuditAsync(CancellationToken cancellationToken)
    {
        JsonDocument report = await _client.PostAsync("v1/audit", null, cancellationToken);
        for (int attempt = 0; attempt < 20 && report.RootElement.GetProperty("pendingMeters").GetInt32() > 0; attempt++)
        {
            report.Dispose();
            await Task.Delay(s_poll, _time, cancellationToken);
            report = await _client.PostAsync("v1/audit", null, cancellationToken);
        }

        return report;
    }

    private async Task<bool> SealedAsync(CancellationToken cancellationToken) => (await DemoSeal.ReadAsync(_client, cancellationToken)).Upto >= _timeline.SealedUpto;

    private async Task<bool> CountedAsync(long records, CancellationToken cancellationToken) => (await DemoCounts.ReadAsync(_clickHouse, cancellationToken)).Records >= records;

    /// <exception cref="ServerException">It did not happen in time.</exception>
    private async Task WaitAsync(Func<CancellationToken, Task<bool>> isDone, CancellationToken cancellationToken)
    {
        long started = _time.GetTimestamp();
        while (!await isDone(cancellationToken))
        {
            if (_time.GetElapsedTime(started) > s_patience)
            {
                throw new ServerException($"The server did not get there in {s_patience.TotalMinutes:0} minutes; its log on standard error may say why.", null);
            }

            await Task.Delay(s_poll, _time, cancellationToken);
        }
    }
}
