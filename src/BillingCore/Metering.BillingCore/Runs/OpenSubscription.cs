using Metering.Billing.Periods;
using Metering.Billing.Postgres.Runs;
using Metering.Billing.Rating;
using Metering.Billing.Runs;
using Metering.Billing.Tax;

namespace Metering.BillingCore.Runs;

/// <summary>A subscription while it is billed: what is recorded of it, what was issued, and its usage once that is read.</summary>
internal sealed class OpenSubscription(string customer, BillingHistory history, BillingProgress progress, long sequence, IReadOnlyList<IssuedLine> issued, IReadOnlyList<PendingCharge> pending, TaxTerms tax)
{
    private readonly Dictionary<(TimeRange, string), Usage> _usage = [];

    public string Customer => customer;

    public BillingHistory History => history;

    public BillingProgress Progress => progress;

    /// <summary>Of the last fact.</summary>
    public long Sequence => sequence;

    public IReadOnlyList<IssuedLine> Issued => issued;

    /// <summary>What corrections have left for the next invoice.</summary>
    public IReadOnlyList<PendingCharge> Pending => pending;

    public TaxTerms Tax => tax;

    /// <summary>What is due by then is on invoices.</summary>
    public DateTimeOffset After => progress.BilledTo ?? DateTimeOffset.MinValue;

    /// <summary>Why it cannot be billed although its usage is complete: no price for a cell, for instance. The draft waits and says so.</summary>
    public string? Held { get; private set; }

    public void Supply(RatingScope scope, in Usage usage)
    {
        Usage fitted = UsageRules.Fit(scope.Terms.Component, usage);
        if (UsageRules.Check(scope.Terms.Component, fitted, history.Currency, scope.Component) is [var problem, ..])
        {
            Held ??= problem.ToString();
        }

        _usage[(scope.Period.Full, scope.Key)] = fitted;
    }

    public void Hold(string reason) => Held ??= reason;

    public Usage UsageOf(RatingScope scope) => _usage.GetValueOrDefault((scope.Period.Full, scope.Key), Usage.None);
}
