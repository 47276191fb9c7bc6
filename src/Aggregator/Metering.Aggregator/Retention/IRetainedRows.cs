using Metering.Aggregator.Sealing;

namespace Metering.Aggregator.Retention;

/// <summary>The parts of tables that can be dropped whole.</summary>
internal interface IRetainedRows
{
    /// <summary>Hours, by append time, that began before an instant and of whose deltas the seal has folded every one.</summary>
    Task<IReadOnlyList<string>> FoldedHoursAsync(DateTimeOffset before, Seal seal, CancellationToken cancellationToken);

    /// <summary>Drops an hour of deltas.</summary>
    Task DropHourAsync(string hour, CancellationToken cancellationToken);

    /// <summary>Months, by append time, of a table that lie before one given as 202611.</summary>
    Task<IReadOnlyList<string>> MonthsBelowAsync(string table, int month, CancellationToken cancellationToken);

    /// <summary>Drops a month of a table.</summary>
    Task DropMonthAsync(string table, string month, CancellationToken cancellationToken);
}
