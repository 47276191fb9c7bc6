using System.Globalization;
using Metering.Billing.Tests.Runs.Life;

namespace Metering.BillingCore.Tests.Runs.Model;

/// <summary>What is used, and what becomes of it. The model knows of it once it is sealed.</summary>
internal sealed partial class ModelHistory
{
    private readonly List<Action> _unsealed = [];
    private readonly Dictionary<string, LifeUse> _alive = [];
    private readonly List<(LifeUse Use, long Seal)> _held = [];
    private readonly List<LifeUse> _robots = [];
    private DateTimeOffset? _robotFrom;

    private async Task UseAsync(DateTimeOffset at)
    {
        LifeUse use = new(Chance(2) ? "calls" : "other", at, Value(), Chance(2) ? "x" : "y", $"e{_alive.Count}-{_unsealed.Count}-{_now.Ticks}");

        // Raw events do not say that they are history, so prices of single events count it at once.
        bool isHistory = Chance(at < _now.AddDays(-7) ? 2 : 6) && !_plans.Any(plan => plan.Find(use.Component)?.Price.Model == "percentage");
        Say($"use {use.Component} {at:u} {use.Value} {use.Cell}{(isHistory ? ", history" : "")}");
        if (Chance(6))
        {
            Say("of the robot");
            await _usage.SendAsync("robot", use, "use");
            _unsealed.Add(() => _robots.Add(use));
            return;
        }

        await _usage.SendAsync("c", use, isHistory ? "history" : "use");
        if (isHistory)
        {
            _unsealed.Add(() => _held.Add((use, _world.Seal)));
            return;
        }

        _alive.Add(use.Id, use);
        _unsealed.Add(() => _history.Uses.Add(use));
    }

    /// <summary>A subject that was nobody's turns out to be the customer's, and to have been since some time.</summary>
    private async Task MapAsync()
    {
        if (_robotFrom is not null)
        {
            return;
        }

        DateTimeOffset from = _now.AddMinutes(-_random.Next(200 * 1440));
        Say($"the robot is the customer's since {from:u}");
        await _tenant.MustAsync("PUT", "/v1/customers/c/subjects/robot", ModelCatalog.Body(json => json["from"] = ModelCatalog.Text(from)));
        _robotFrom = from;
        CountRobots();
    }

    private void CountRobots()
    {
        _history.Uses.AddRange(_robots.Where(use => use.At >= _robotFrom));
        _robots.RemoveAll(use => use.At >= _robotFrom);
    }

    private Task VoidUseAsync()
    {
        if (_alive.Count > 0)
        {
            LifeUse use = Pick([.. _alive.Values]);
            Say($"void use {use.Component} {use.At:u} {use.Value}");
            _usage.Void(use.Id);
            _alive.Remove(use.Id);
            _unsealed.Add(() => _history.Uses.RemoveAll(one => one.Id == use.Id));
        }

        return Task.CompletedTask;
    }

    private Task AmendAsync()
    {
        if (_alive.Count > 0)
        {
            LifeUse use = Pick([.. _alive.Values]);
            LifeUse now = use with { Value = Value() };
            Say($"amend use {use.Component} {use.At:u} {use.Value} to {now.Value}");
            _usage.Amend(use.Id, now.Value);
            _alive[use.Id] = now;
            _unsealed.Add(() => _history.Uses[_history.Uses.FindIndex(one => one.Id == use.Id)] = now);
        }

        return Task.CompletedTask;
    }

    private string Value() => (_random.Next(-3000, 9000) / 1000m).ToString(CultureInfo.InvariantCulture);

    private async Task SealAsync()
    {
        await _usage.WriteAsync();
        await _world.SealAsync(_now);
        _unsealed.ForEach(become => become());
        _unsealed.Clear();
        CountReleased();
        CountRobots();
    }

    /// <summary>History counts at once in what is billed for the first time, or again because it was voided.</summary>
    private void CountReleased() => CountHeld(held => !_books.IsBilled(held.Use.Component, held.Use.At));

    private void CountHeld(Predicate<(LifeUse Use, long Seal)> counts)
    {
        _history.Uses.AddRange(_held.FindAll(counts).Select(held => held.Use));
        _held.RemoveAll(counts);
    }
}
