using System.Globalization;
using System.Text;
using System.Text.Json;
using Metering.Billing.Tests.Runs.Life;
using Metering.BillingCore.Tests.Testing;
using Xunit;

namespace Metering.BillingCore.Tests.Runs.Model;

/// <summary>One life of a subscription over two years: lived by the billing role and by the model.</summary>
internal sealed partial class ModelHistory : IDisposable
{
    private static readonly TimeSpan s_life = TimeSpan.FromDays(730);

    private readonly ModelWorld _world;
    private readonly Random _random;
    private readonly Ways _ways;
    private readonly StringBuilder _log = new();
    private readonly ModelTenant _tenant;
    private readonly ModelUsage _usage;
    private readonly LifePlan[] _plans;
    private readonly LifeTaxRule[] _taxes;
    private readonly LifeHistory _history;
    private readonly LifeAnchor _anchor;
    private readonly LifeBooks _books;
    private readonly bool _isTaxable;
    private readonly DateTimeOffset _start;
    private string _id = "";
    private DateTimeOffset _now;
    private DateTimeOffset? _trialEnd;

    public ModelHistory(ModelWorld world, int seed, Ways ways)
    {
        (_world, _random, _ways) = (world, new Random(seed), ways);
        (_tenant, int year) = world.Next(seed);
        _usage = new ModelUsage(world, _tenant.Name);
        LifeMaker maker = new(_random, ways);
        _start = new DateTimeOffset(year, 1, 1, 0, 0, 0, TimeSpan.Zero).AddDays(_random.Next(365)).AddMinutes(_random.Next(1440));
        _now = Chance(3) ? _start.AddDays(_random.Next(70)) : _start;
        _anchor = maker.Anchor();
        _plans = [.. maker.Plans(_anchor).Select(ModelCatalog.Published)];
        _trialEnd = Chance(4) ? _start.AddDays(50) : null;
        _isTaxable = !Chance(6);
        _taxes = maker.Taxes(_start);
        _history = new LifeHistory(new LocalClock(maker.Zone()), _anchor);
        _history.Discounts.AddRange(maker.Discounts(_start, _trialEnd is not null));
        _history.Facts.Add(new LifeFact(_start, _trialEnd is null ? Being.Active : Being.Trial, _plans[0], 2));
        _books = new LifeBooks(new Owed(_history), _taxes, _isTaxable, _now);
        Say($"{_history.Clock.Zone}, {_anchor}, from {_start:u}, recorded {_now:u}, trial {_trialEnd:u}, taxable {_isTaxable}");
        Array.ForEach(_plans, plan => Say($"{plan.Name}: {string.Join(" | ", plan.Items.Select(item => $"{item.Content}{(item.PerSeat ? " per seat" : "")}"))} {plan.Commitment} {string.Join(",", plan.Commitment?.Components ?? [])}"));
        _history.Discounts.ForEach(discount => Say($"{discount} {string.Join(",", discount.Components ?? [])}"));
        Array.ForEach(_taxes, tax => Say($"{tax}"));
    }

    /// <summary>What happened, for people.</summary>
    public string Log => _log.ToString();

    public async Task LiveAsync()
    {
        await BeginAsync();
        await CompareAsync();
        DateTimeOffset end = _start + s_life;
        int steps = _random.Next(12, 32);
        int longest = (int)(2 * s_life.TotalMinutes / steps);
        while (_now < end)
        {
            Advance(_random.Next(1, Chance(4) ? 3 * 1440 : longest));
            if (Chance(6))
            {
                Say("bill before the clock");
                await RunAsync();
                await CompareAsync();
                Advance(1); // who stood when is told by the clock
            }

            await TickAsync();
            await StepAsync();
            await CompareAsync();
        }

        await EndAsync();
    }

    public void Dispose() => _tenant.Dispose();

    private async Task BeginAsync()
    {
        _world.Time.SetUtcNow(_now);
        await _usage.AddMeterAsync("calls");
        await _usage.AddMeterAsync("other");
        await _tenant.MustAsync("PUT", "/v1/products/api", """{"name":"API"}""");
        foreach ((int i, LifeTaxRule tax) in _taxes.Index())
        {
            await _tenant.MustAsync("PUT", $"/v1/tax-rates/t{i}", ModelCatalog.Tax(tax));
        }

        await _tenant.MustAsync("PUT", "/v1/price-books/standard/draft", ModelCatalog.Book(_plans));
        await _tenant.MustAsync("POST", "/v1/price-books/standard/versions/1/publish");
        await _tenant.MustAsync("PUT", "/v1/customers/c", ModelCatalog.Customer(_history.Clock.Zone, _isTaxable));
        await _tenant.MustAsync("PUT", "/v1/customers/c/subjects/c", ModelCatalog.Body(json => json["from"] = ModelCatalog.Text(_start.AddYears(-1))));
        Answered made = await _tenant.MustAsync("POST", "/v1/subscriptions", ModelCatalog.Subscription(_plans[0], 2, _start, _anchor, _trialEnd));
        _id = made.Json.GetProperty("subscription").GetProperty("id").GetString()!;
        foreach ((int i, LifeDiscount discount) in _history.Discounts.Index())
        {
            await _tenant.MustAsync("PUT", $"/v1/discounts/d{i}", ModelCatalog.Discount(discount));
            await _tenant.MustAsync("POST", $"/v1/subscriptions/{_id}/discounts", ModelCatalog.Body(json => (json["discount"], json["from"]) = ($"d{i}", ModelCatalog.Text(discount.From))));
        }
    }

    private Task StepAsync() => _random.Next(39) switch
    {
        < 7 => UseAsync(_now.AddMinutes(-_random.Next(1, 10_000))),
        < 10 => UseAsync(_now.AddDays(-60).AddMinutes(_random.Next(60 * 1440))),
        10 => AmendAsync(),
        11 => VoidUseAsync(),
        < 15 => ChangeAsync(_plans[_random.Next(4)], _random.Next(5)),
        15 => ChangeLaterAsync(_plans[_random.Next(4)], _random.Next(5)),
        16 => PauseAsync(),
        17 or 18 => ResumeAsync(),
        19 => CancelAsync(),
        20 => UndoAsync(),
        < 25 => BillAsync(),
        < 28 => CorrectAsync(),
        28 => PayAsync(),
        29 => GiveBackAsync(),
        30 or 31 => VoidAsync(),
        32 => TrialAsync(),
        33 or 34 => DecideAsync(),
        35 => RunUnsealedAsync(),
        36 => MapAsync(),
        37 => _world.ReassessAsync(_tenant.Name),
        _ => RecogniseAsync(),
    };

    /// <summary>All is billed and corrected; what is right stays as it is, whether anything happened to it or not.</summary>
    private async Task EndAsync()
    {
        Advance(60 * 1440);
        await TickAsync();
        await BillAsync();
        await CorrectAsync();
        await CompareAsync();
        if (!_hasGivenBack && _plans.All(plan => plan.Commitment is null)) // a true-up follows the lines that it counts one correction later
        {
            Say("correct what nobody has marked");
            _books.CorrectMarked(_now, _books.Billed);
            await CompareAsync();
        }

        await CorrectAllAsync();
        await CompareAsync();
        List<StoredInvoice> corrected = await StoredBooks.InvoicesAsync(_tenant);
        await CorrectAllAsync();
        Assert.Equal(corrected.Select(one => one.Text), (await StoredBooks.InvoicesAsync(_tenant)).Select(one => one.Text));
        await VerifyAsync();
        await RelayAsync();
    }

    private void Advance(int minutes)
    {
        _now = _now.AddMinutes(minutes);
        _world.Time.SetUtcNow(_now);
    }

    private void Say(string what) => _log.Append(CultureInfo.InvariantCulture, $"{_now:u}  {what}\n");

    private bool Chance(int oneIn) => _random.Next(oneIn) == 0;

    private T Pick<T>(IReadOnlyList<T> choices) => choices[_random.Next(choices.Count)];
}
