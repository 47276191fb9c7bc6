using Metering.Billing;
using Metering.Billing.Ledger;
using Metering.Billing.Periods;
using Metering.Billing.Postgres.Ledger;
using Metering.Billing.Proration;
using Metering.Billing.Zones;
using Metering.BillingCore.Tests.Testing;
using Xunit;

namespace Metering.BillingCore.Tests.Ledger;

/// <summary>What is deferred becomes revenue month by month, whatever stops in between.</summary>
public sealed class DeferralTests(Engines engines)
{
    private static readonly DateTimeOffset s_january = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly Account s_deferred = Account.OfCustomer(AccountKind.Deferred, "c");

    private readonly Books _books = new(engines.Postgres);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>300.00 for 10 January to 10 April in New York, as the page of the ledger has it.</summary>
    [Fact]
    public async Task Months_that_are_over_are_recognised_once_and_sum_to_the_line()
    {
        await AddAsync(Line("inv/1", 30000, "America/New_York", "2026-01-10T05:00Z", "2026-04-10T04:00Z"));
        Assert.Equal((1, 0), await RecognizeAsync("2026-01-31T23:00Z"));
        Assert.Equal((1, 1), await RecognizeAsync("2026-02-01T05:00Z"));
        Assert.Equal((0, 0), await RecognizeAsync("2026-02-01T05:00Z"));
        Assert.Equal(Books.Usd(7333), await _books.BalanceAsync(Books.Revenue));
        Assert.Equal(Books.Usd(22667), await StillAsync("inv/1"));
        Assert.Equal((1, 3), await RecognizeAsync("2026-06-01T00:00Z"));
        Assert.Equal(Books.Usd(30000), await _books.BalanceAsync(Books.Revenue));
        Assert.Equal(Books.Usd(0), await StillAsync("inv/1"));
        Assert.Equal(Books.Usd(0), await _books.BalanceAsync(s_deferred));
        Assert.Equal(["2026-01 73.33 2026-01-31", "2026-02 93.34 2026-02-28", "2026-03 103.33 2026-03-31", "2026-04 30.00 2026-04-30"], await PostedAsync("inv/1"));
        Assert.Equal((0, 0), await RecognizeAsync("2027-01-01T00:00Z"));
    }

    [Fact]
    public async Task Only_months_up_to_the_one_that_is_asked_for_are_recognised()
    {
        await AddAsync(Line("inv/1", 9000, "UTC", "2026-01-01T00:00Z", "2026-04-01T00:00Z"));
        Assert.Equal((1, 2), await RecognizeAsync("2026-06-01T00:00Z", new DateOnly(2026, 2, 1)));
        Assert.Equal((0, 0), await RecognizeAsync("2026-06-01T00:00Z", new DateOnly(2026, 2, 1)));
        Assert.Equal((1, 1), await RecognizeAsync("2026-06-01T00:00Z"));
    }

    [Fact]
    public async Task A_month_that_is_closed_is_recognised_in_the_first_open_one()
    {
        await AddAsync(Line("inv/1", 3000, "UTC", "2026-01-01T00:00Z", "2026-02-01T00:00Z"));
        await _books.CloseAsync(new DateOnly(2026, 2, 1));
        await RecognizeAsync("2026-03-05T00:00Z");
        Assert.Equal(["2026-01 30.00 2026-03-01"], await PostedAsync("inv/1"));
    }

    /// <summary>90.00 for 90 days; from day 60 on it is given back.</summary>
    [Fact]
    public async Task What_corrects_a_line_counts_with_it()
    {
        await AddAsync(Line("inv/1", 9000, "UTC", "2026-01-01T00:00Z", "2026-04-01T00:00Z"));
        await AddAsync(Line("note/1", -3100, "UTC", "2026-03-01T00:00Z", "2026-04-01T00:00Z") with { Corrects = "inv/1" });
        Assert.Equal(Books.Usd(5900), await StillAsync("inv/1"));
        Assert.Equal(Books.Usd(-3100), await StillAsync("note/1"));
        await RecognizeAsync("2026-02-01T00:00Z");
        Assert.Equal(Books.Usd(2800), await StillAsync("inv/1"));
        await RecognizeAsync("2026-04-01T00:00Z");
        Assert.Equal(Books.Usd(0), await StillAsync("inv/1"));
        Assert.Equal(Books.Usd(5900), await _books.BalanceAsync(Books.Revenue));
    }

    /// <summary>90.00 for the 90 days of January to March on Kiritimati, 14 hours ahead. January is recognised when half of the rest is given back: 14 of 28 and 15.50 of 31 days.</summary>
    [Fact]
    public async Task What_takes_a_line_back_is_spread_over_its_months_that_are_left_in_its_zone_and_its_unit()
    {
        await AddAsync(Line("inv/1", 9000, "Pacific/Kiritimati", "2025-12-31T10:00Z", "2026-03-31T10:00Z") with { Unit = ProrationUnit.Second });
        await RecognizeAsync("2026-01-31T10:00Z");
        Assert.Equal(Books.Usd(5900), await StillAsync("inv/1"));
        await AddAsync(Line("note/1", -2950, "UTC", "2025-12-31T10:00Z", "2026-03-31T10:00Z") with { Corrects = "inv/1" });
        await RecognizeAsync("2026-06-01T00:00Z");
        Assert.Equal(["2026-01 31.00 2026-01-31", "2026-02 28.00 2026-02-28", "2026-03 31.00 2026-03-31"], await PostedAsync("inv/1"));
        Assert.Equal(["2026-02 14.00 2026-02-28", "2026-03 15.50 2026-03-31"], await PostedAsync("note/1"));
        Assert.Equal(Books.Usd(0), await _books.BalanceAsync(s_deferred) - Books.Usd(2950)); // the note itself takes it out
    }

    [Fact]
    public async Task A_voided_line_stops_and_names_what_was_recognised_of_it()
    {
        await AddAsync(Line("inv/1", 9000, "UTC", "2026-01-01T00:00Z", "2026-04-01T00:00Z"));
        await AddAsync(Line("inv/11", 9000, "UTC", "2026-01-01T00:00Z", "2026-04-01T00:00Z"));
        await RecognizeAsync("2026-03-01T00:00Z");
        IReadOnlyList<string> recognized = await _books.InAsync(transaction => Deferrals.CancelAsync(transaction, ["inv/1", "inv/9"], s_january, Token));
        Assert.Equal(["recognition:inv/1:2026-01", "recognition:inv/1:2026-02"], recognized);
        Assert.Equal(Books.Usd(0), await StillAsync("inv/1"));
        Assert.Equal((1, 1), await RecognizeAsync("2026-06-01T00:00Z"));
        Assert.Equal(3, (await PostedAsync("inv/11")).Count);
        Assert.Equal(recognized, await _books.InAsync(transaction => Deferrals.CancelAsync(transaction, ["inv/1"], s_january, Token)));
    }

    [Fact]
    public async Task A_line_that_is_not_there_has_nothing_deferred_and_one_that_is_added_twice_is_there_once()
    {
        DeferredLine line = Line("inv/1", 100, "UTC", "2026-01-01T00:00Z", "2026-02-01T00:00Z");
        await AddAsync(line);
        await AddAsync(line with { Amount = Books.Usd(7) });
        await AddAsync(line with { Line = "inv/2", Amount = Books.Usd(0) });
        Assert.Equal(Books.Usd(100), await StillAsync("inv/1"));
        Assert.Equal(Books.Usd(0), await StillAsync("inv/2"));
    }

    /// <summary>Two processes at once, one of which is undone after each batch: all lines end as if one had worked alone.</summary>
    [Fact]
    public async Task Batches_that_are_undone_or_run_side_by_side_change_nothing()
    {
        const int Lines = 1200;
        DeferredLine[] lines = [.. Enumerable.Range(1, Lines).Select(n => Line($"inv/{n}", 3100 + n, "Asia/Kolkata", "2026-01-05T00:00Z", "2026-03-20T00:00Z"))];
        await _books.InAsync(async transaction =>
        {
            await Deferrals.AddAsync(transaction, lines, Token);
            return 0;
        });
        Task<int>[] workers = [.. Enumerable.Range(0, 4).Select(worker => Task.Run(() => WorkAsync(isUndone: worker == 0)))];
        int[] posted = await Task.WhenAll(workers);
        while (await RecognizeAsync("2026-06-01T00:00Z") is { Lines: > 0 } rest)
        {
            posted[1] += rest.Posted;
        }

        Assert.Equal(3 * Lines, posted.Skip(1).Sum());
        Assert.Equal(Books.Usd(lines.Sum(line => line.Amount.MinorUnits)), await _books.BalanceAsync(Books.Revenue));
        Assert.Equal(0, await _books.DifferencesAsync());
    }

    [Theory]
    [InlineData("Nowhere/Land")]
    public async Task An_unknown_zone_is_said_with_its_line(string zone)
    {
        await AddAsync(Line("inv/1", 100, zone, "2026-01-01T00:00Z", "2026-02-01T00:00Z"));
        InvalidOperationException refused = await Assert.ThrowsAsync<InvalidOperationException>(() => RecognizeAsync("2026-03-01T00:00Z"));
        Assert.Contains("inv/1", refused.Message, StringComparison.Ordinal);
    }

    private async Task<int> WorkAsync(bool isUndone)
    {
        int posted = 0;
        RecognizedBatch batch;
        do
        {
            await using Billing.Postgres.Tenancy.TenantTransaction transaction = await _books.BeginAsync();
            batch = await RevenueRecognition.RunAsync(transaction, TzdbZones.Instance, null, At("2026-06-01T00:00Z"), Token);
            posted += batch.Posted;
            if (isUndone)
            {
                return posted;
            }

            await transaction.CommitAsync(Token);
        }
        while (!batch.IsLast);
        return posted;
    }

    private static DateTimeOffset At(string text) => DateTimeOffset.Parse(text, null);

    private static DeferredLine Line(string id, long cents, string zone, string from, string until) =>
        new(id, null, "c", Books.Usd(cents), new TimeRange(At(from), At(until)), zone, ProrationUnit.Day);

    /// <summary>With its posting, as an invoice makes it.</summary>
    private Task<int> AddAsync(DeferredLine line) => _books.InAsync(async transaction =>
    {
        await Deferrals.AddAsync(transaction, [line], Token);
        if (line.Amount.MinorUnits > 0)
        {
            await LedgerStore.PostAsync(transaction, [Books.Move($"invoice:{line.Line}", Books.Receivable("c"), s_deferred, line.Amount.MinorUnits)], PostMode.Atomic, Token);
        }

        return 0;
    });

    private Task<(int Lines, int Posted)> RecognizeAsync(string now, DateOnly? until = null) => _books.InAsync(async transaction =>
    {
        RecognizedBatch batch = await RevenueRecognition.RunAsync(transaction, TzdbZones.Instance, until, At(now), Token);
        return (batch.Lines, batch.Posted);
    });

    private async Task<Money> StillAsync(string line) =>
        (await _books.InAsync(transaction => Deferrals.StillDeferredAsync(transaction, [line], Books.Dollars, Token)))[line];

    private Task<List<string>> PostedAsync(string line) => _books.InAsync(async transaction =>
    {
        IReadOnlyList<PostedTransaction> posted = await LedgerTransactions.ListAsync(transaction, new TransactionFilter(null, null, $"recognition:{line}:", null, null), 0, 100, Token);
        return posted.Select(one => $"{one.Transaction.Key[^7..]} {one.Transaction.Entries[0].Amount} {one.Transaction.Booking.EffectiveOn:yyyy-MM-dd}").ToList();
    });
}
