namespace Metering.Aggregator.Sealing;

/// <summary>The sealed windows and the deltas they are folded from.</summary>
internal interface IWindowStore
{
    /// <summary>What a seal has to fold: deltas up to its cut and boundary that the previous one has not folded.</summary>
    Task<WindowSum> SumDeltasAsync(Seal seal, Seal previous, CancellationToken cancellationToken);

    /// <summary>What is stored of a seal.</summary>
    Task<WindowSum> SumSealAsync(Seal seal, CancellationToken cancellationToken);

    /// <summary>Folds the deltas into the seal's windows, unless a seal of this number or a higher one is marked. Repeating it changes nothing.</summary>
    Task FoldAsync(Seal seal, Seal previous, CancellationToken cancellationToken);

    /// <summary>Shows the seal to readers. Repeating it changes nothing.</summary>
    Task MarkAsync(Seal seal, CancellationToken cancellationToken);

    /// <summary>The newest marked seal; 0 when there is none.</summary>
    Task<long> NewestMarkAsync(CancellationToken cancellationToken);

    /// <summary>The seal's rows for minutes that the previous one had sealed.</summary>
    Task<long> CountCorrectionsAsync(Seal seal, Seal previous, CancellationToken cancellationToken);
}

/// <summary>Rows of windows, and the sums over them as exact text.</summary>
internal readonly record struct WindowSum(long Rows, string Count, string Value)
{
    public override string ToString() => $"{Rows} {Count} {Value}";
}
