namespace Metering.BillingCore.Runs;

/// <param name="Corrected">Periods in which something was found.</param>
/// <param name="Failed">Subscriptions that could not be corrected. Nothing of them was changed, and the next run tries them again.</param>
internal sealed record CorrectionTally(int Corrected, IReadOnlyList<string> Failed);
