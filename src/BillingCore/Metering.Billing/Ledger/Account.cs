namespace Metering.Billing.Ledger;

/// <summary>The chart of accounts.</summary>
public enum AccountKind
{
    /// <summary>What a customer owes for invoices.</summary>
    Receivable,

    /// <summary>Earned and not invoiced yet.</summary>
    Unbilled,

    /// <summary>Invoiced and not earned yet.</summary>
    Deferred,

    /// <summary>What we owe a customer, to be used for later invoices.</summary>
    CustomerCredit,

    /// <summary>What is left of a paid grant.</summary>
    Prepaid,

    Revenue,

    /// <summary>Promotional grants that were used: less revenue.</summary>
    PromotionalCredits,

    TaxPayable,

    /// <summary>Money on its way through a payment provider.</summary>
    Clearing,

    Bank,

    /// <summary>Promised back to customers and not sent yet.</summary>
    RefundsPayable,

    DisputeReceivable,
    ChargebackLoss,
    BadDebt,
    Fees,

    /// <summary>Paid grants that expired unused.</summary>
    Breakage,

    OpeningBalance,
}

/// <summary>
/// An account of a tenant's ledger. Receivable, unbilled, deferred and customer credit are one per customer, prepaid one per grant, all others one per tenant.
/// </summary>
public readonly record struct Account
{
    private Account(AccountKind kind, string customer, string grant) => (Kind, Customer, Grant) = (kind, customer, grant);

    public AccountKind Kind { get; }

    /// <summary>Empty for an account of the tenant.</summary>
    public string Customer { get; }

    /// <summary>Empty unless <see cref="AccountKind.Prepaid"/>.</summary>
    public string Grant { get; }

    /// <summary>Which side makes its balance larger.</summary>
    public Direction NormalSide => Kind is AccountKind.Deferred or AccountKind.CustomerCredit or AccountKind.Prepaid or AccountKind.Revenue or AccountKind.TaxPayable
        or AccountKind.RefundsPayable or AccountKind.Breakage or AccountKind.OpeningBalance
        ? Direction.Credit
        : Direction.Debit;

    /// <summary>Whether its balance may not fall below zero: nobody can spend what he does not have.</summary>
    public bool RefusesOverdraft => Kind is AccountKind.CustomerCredit or AccountKind.Prepaid or AccountKind.RefundsPayable;

    /// <exception cref="ArgumentException">The kind is one per customer or grant.</exception>
    public static Account OfTenant(AccountKind kind) => IsOfCustomer(kind) || kind == AccountKind.Prepaid
        ? throw new ArgumentException($"{kind} belongs to a customer.", nameof(kind))
        : new(kind, "", "");

    /// <exception cref="ArgumentException">The kind is not one per customer.</exception>
    public static Account OfCustomer(AccountKind kind, string customer) => IsOfCustomer(kind)
        ? new(kind, customer, "")
        : throw new ArgumentException($"{kind} does not belong to a customer.", nameof(kind));

    public static Account PrepaidOf(string customer, string grant) => new(AccountKind.Prepaid, customer, grant);

    /// <summary>From its parts, as they are stored.</summary>
    /// <exception cref="ArgumentException">The kind does not have these parts.</exception>
    public static Account Of(AccountKind kind, string customer, string grant) =>
        IsWhole(kind, customer, grant) ? new(kind, customer, grant) : throw new ArgumentException($"There is no account '{kind}:{customer}:{grant}'.", nameof(kind));

    /// <summary>Reads a name as <see cref="ToString"/> writes it. A customer may contain colons, a grant may not.</summary>
    public static bool TryParse(string name, out Account account)
    {
        string[] parts = name.Split(':', 2);
        string rest = parts.Length > 1 ? parts[1] : "";
        bool known = Enum.TryParse(parts[0], out AccountKind kind) && kind.ToString() == parts[0];
        int colon = kind == AccountKind.Prepaid ? rest.LastIndexOf(':') : -1;
        (string customer, string grant) = colon < 0 ? (rest, "") : (rest[..colon], rest[(colon + 1)..]);
        bool found = known && IsWhole(kind, customer, grant) && (parts.Length == 1 || rest.Length > 0);
        account = found ? new Account(kind, customer, grant) : default;
        return found;
    }

    /// <summary>An amount on its normal side.</summary>
    /// <param name="debits">What is debited more than credited, in minor units.</param>
    public Money Balance(long debits, Currency currency) => new(NormalSide == Direction.Debit ? debits : checked(-debits), currency);

    /// <summary>Its name within the tenant, as keys use it.</summary>
    public override string ToString() => Grant.Length > 0 ? $"{Kind}:{Customer}:{Grant}" : Customer.Length > 0 ? $"{Kind}:{Customer}" : $"{Kind}";

    private static bool IsWhole(AccountKind kind, string customer, string grant) =>
        (customer.Length > 0) == (IsOfCustomer(kind) || kind == AccountKind.Prepaid) && (grant.Length > 0) == (kind == AccountKind.Prepaid);

    private static bool IsOfCustomer(AccountKind kind) =>
        kind is AccountKind.Receivable or AccountKind.Unbilled or AccountKind.Deferred or AccountKind.CustomerCredit;
}
