using Metering.Billing.Catalog;

namespace Metering.Billing.Rating;

/// <summary>Every step of a rating, enough to recompute it by hand. The exact amounts of the steps sum to the total's.</summary>
public sealed class Explanation
{
    private readonly List<(CellKey? Cell, Step Step)> _steps = [];
    private CellKey? _cell;

    /// <summary>In the order of computation, with the cell that each one is about.</summary>
    public IReadOnlyList<(CellKey? Cell, Step Step)> Steps => _steps;

    internal void Add(Step step) => _steps.Add((_cell, step));

    /// <summary>The following steps are about this cell, or about none.</summary>
    internal void Enter(CellKey? cell) => _cell = cell;
}

public abstract record Step
{
    private protected Step()
    {
    }
}

public sealed record ConvertStep(Fraction From, Conversion Conversion, Fraction Quantity) : Step;

/// <param name="Allowance">Of this scope: the period's times the share.</param>
/// <param name="Quantity">What is left to bill.</param>
public sealed record AllowanceStep(Fraction From, Fraction Allowance, Fraction Quantity) : Step;

/// <summary>
/// One price on its share of the quantity: a tier, or the whole quantity when there are no tiers. Listed for each tier reached and always for the first, which
/// has a share of zero beside the volume tier that holds the quantity.
/// </summary>
/// <param name="Rate">Null for a flat price.</param>
public sealed record TierStep(Fraction From, Fraction? UpTo, Fraction Quantity, Rate? Rate, Fraction Flat, Fraction Exact) : Step;

/// <param name="Free">The part of the value that the free part covers.</param>
public sealed record EventStep(string Id, Fraction Value, Fraction Free, Fraction Percent, Fraction Fixed, Fraction Exact) : Step;

/// <param name="Exact">What it takes off, below zero.</param>
public sealed record DiscountStep(Discount Discount, Fraction Exact) : Step;

/// <param name="Bound">Of this scope: the period's times the share.</param>
/// <param name="Exact">What it adds.</param>
public sealed record MinimumStep(Fraction Bound, Fraction Exact) : Step;

/// <inheritdoc cref="MinimumStep"/>
public sealed record MaximumStep(Fraction Bound, Fraction Exact) : Step;

public sealed record RoundStep(Fraction Exact, RoundingMode Rounding, Money Amount) : Step;

/// <summary>What was rated before this step of the scope.</summary>
public sealed record AlreadyStep(Fraction Exact, Money Amount) : Step;
