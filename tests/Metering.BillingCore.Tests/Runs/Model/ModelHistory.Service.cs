using System.Globalization;
using System.Text.Json;
using Metering.Billing.Tests.Runs.Life;
using Metering.BillingCore.Tests.Testing;

namespace Metering.BillingCore.Tests.Runs.Model;

/// <summary>What is done to the subscription, and what time brings.</summary>
internal sealed partial class ModelHistory
{
    private (DateTimeOffset At, LifePlan Plan, int Seats)? _change;
    private DateTimeOffset? _cancelAt;
    private DateTimeOffset? _pauseEnd;

    private LifeFact Last => _history.Facts[^1];

    private bool IsPaused => Last.Being is Being.Paused or Being.Kept;

    private bool HasEnded => Last.Being == Being.Ended;

    /// <summary>Of what is due at the same minute, the cancellation comes first, then the trial's end, the change, the end of a pause.</summary>
    private async Task TickAsync()
    {
        await _world.TickAsync();
        while (!HasEnded && Next() is { } next && next.At <= _now)
        {
            Say($"time brings {next.What} at {next.At:u}");
            next.Become(next.At > Last.At ? next.At : Last.At);
        }
    }

    private (DateTimeOffset At, string What, Action<DateTimeOffset> Become)? Next()
    {
        List<(DateTimeOffset At, string What, Action<DateTimeOffset> Become)> coming = [];
        if (_cancelAt is { } cancel)
        {
            coming.Add((cancel, "the end", at => Record(at, Being.Ended)));
        }

        if (Last.Being == Being.Trial && _trialEnd is { } trialEnd)
        {
            coming.Add((trialEnd, "the end of the trial", at => Record(at, Being.Active)));
        }

        if (_change is { } change)
        {
            coming.Add((change.At, "the change", at =>
            {
                Record(at, Last.Being, change.Plan, change.Seats);
                _change = null;
            }));
        }

        if (IsPaused && _pauseEnd is { } pauseEnd)
        {
            coming.Add((pauseEnd, "the end of the pause", at => Record(at, Being.Active)));
        }

        return coming.Count == 0 ? null : coming.OrderBy(one => one.At).First();
    }

    /// <summary>Now, or up to a hundred days ago if nothing was recorded since.</summary>
    private async Task<DateTimeOffset> InstantAsync()
    {
        DateTimeOffset back = Chance(3) ? _now.AddMinutes(-_random.Next(140_000)) : _now;
        DateTimeOffset last = DateTimeOffset.Parse(
            await _tenant.ScalarAsync("select to_char(max(effective_at) at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI\"Z\"') from billing.subscription_fact"), CultureInfo.InvariantCulture);
        return back < last ? last : back;
    }

    private async Task ChangeAsync(LifePlan plan, int seats)
    {
        DateTimeOffset at = await InstantAsync();
        if (await DoAsync("change", ModelCatalog.Change(plan, seats, at == _now ? "now" : ModelCatalog.Text(at)), !IsPaused && !HasEnded && _cancelAt is null))
        {
            Record(at, Last.Being, plan, seats);
        }
    }

    private async Task ChangeLaterAsync(LifePlan plan, int seats)
    {
        bool isAllowed = !IsPaused && !HasEnded && _cancelAt is null;
        if (!isAllowed || Chance(2) || PeriodEnd() is not { } end)
        {
            DateTimeOffset at = _now.AddMinutes(_random.Next(1, 60 * 1440));
            if (await DoAsync("change", ModelCatalog.Change(plan, seats, ModelCatalog.Text(at)), isAllowed))
            {
                _change = (at, plan, seats);
            }
        }
        else if (await DoAsync("change", ModelCatalog.Change(plan, seats, "period_end"), isAllowed))
        {
            _change = (end, plan, seats);
        }
    }

    private async Task PauseAsync()
    {
        DateTimeOffset at = await InstantAsync();
        if (_change is not null || at <= Last.At)
        {
            return; // Terms that begin while nothing is served are not in the model.
        }

        (bool keeps, DateTimeOffset? until) = (Chance(2), Chance(2) ? _now.AddMinutes(_random.Next(1, 60 * 1440)) : null);
        string body = ModelCatalog.Body(json =>
        {
            (json["at"], json["keep"]) = (ModelCatalog.Text(at), keeps);
            if (until is { } end)
            {
                json["until"] = ModelCatalog.Text(end);
            }
        });
        if (await DoAsync("pause", body, Last.Being == Being.Active))
        {
            _pauseEnd = until;
            Record(at, keeps ? Being.Kept : Being.Paused);
        }
    }

    private async Task ResumeAsync()
    {
        DateTimeOffset at = await InstantAsync();
        if (await DoAsync("resume", ModelCatalog.Body(json => json["at"] = ModelCatalog.Text(at)), IsPaused))
        {
            Record(at, Being.Active);
        }
    }

    private async Task CancelAsync()
    {
        switch (_random.Next(4))
        {
            case 0 when await InstantAsync() is var at:
                if (await DoAsync("cancel", ModelCatalog.Body(json => json["at"] = ModelCatalog.Text(at)), !HasEnded))
                {
                    Record(at, Being.Ended);
                }

                break;
            case 1 when !HasEnded && !IsPaused && PeriodEnd() is { } end:
                await DoAsync("cancel", """{"at":"period_end"}""", isAllowed: true);
                _cancelAt = end;
                break;
            default:
                DateTimeOffset later = _now.AddMinutes(_random.Next(1, 90 * 1440));
                if (await DoAsync("cancel", ModelCatalog.Body(json => json["at"] = ModelCatalog.Text(later)), !HasEnded))
                {
                    _cancelAt = later;
                }

                break;
        }
    }

    private async Task TrialAsync()
    {
        bool isTrial = Last.Being == Being.Trial;
        if (Chance(2))
        {
            DateTimeOffset until = _now.AddMinutes(_random.Next(1, 40 * 1440));
            if (await DoAsync("extend-trial", ModelCatalog.Body(json => json["until"] = ModelCatalog.Text(until)), isTrial))
            {
                _trialEnd = until;
            }
        }
        else if (await DoAsync("convert-trial", "{}", isTrial))
        {
            Record(_now, Being.Active);
        }
    }

    private async Task UndoAsync()
    {
        if (await DoAsync("undo", "{}", !HasEnded && (_cancelAt is not null || _change is not null)))
        {
            (_cancelAt, _change) = (null, _cancelAt is null ? null : _change);
        }
    }

    /// <returns>Whether it was done.</returns>
    private async Task<bool> DoAsync(string operation, string body, bool isAllowed)
    {
        Say($"{operation} {body}{(isAllowed ? "" : ", refused")}");
        Answered answer = await _tenant.TryAsync($"/v1/subscriptions/{_id}/{operation}", body, isAllowed);
        return answer.Status == 200;
    }

    private void Record(DateTimeOffset at, Being being, LifePlan? plan = null, int? seats = null)
    {
        LifeFact fact = new(at, being, plan ?? Last.Plan, seats ?? Last.Seats);
        Say($"{at:u} {being} {fact.Plan.Name} x{fact.Seats}");
        _history.Facts.Add(fact);
    }

    /// <summary>Of several intervals the latest, so that no time ends that is paid for; of a trial its end.</summary>
    private DateTimeOffset? PeriodEnd() => Last.Being == Being.Trial ? _trialEnd
        : Last.Plan.Items.SelectMany(item => _history.Periods(item.Component, _now).TakeLast(1)).Select(period => (DateTimeOffset?)period.Last).Max();
}
