using System.Globalization;
using Metering.Billing.Tests.Runs.Life;

namespace Metering.BillingCore.Tests.Runs.Model;

/// <summary>What is used, and what becomes of it. The model knows of it once it is sealed.</summary>
internal sealed partial class ModelHistory
{
    private readonly List<Action> _unsealed = [];
    private readonly Dictionary<string, LifeUse> _alive = [];

    private async Task UseAsync(DateTimeOffset at)
    {
        LifeUse use = new(Chance(2) ? "calls" : "other", at, Value(), Chance(2) ? "x" : "y", $"e{_alive.Count}-{_unsealed.Count}-{_now.Ticks}");
        Say($"use {use.Component} {at:u} {use.Value} {use.Cell}");
        await _usage.SendAsync(use, "use");
        _alive.Add(use.Id, use);
        _unsealed.Add(() => _history.Uses.Add(use));
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
    }
}
