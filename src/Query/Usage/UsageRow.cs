using Metering.Contracts;
using Metering.Query.Windows;

namespace Metering.Query.Usage;

/// <summary>One window of one group.</summary>
/// <param name="Groups">In the order of <see cref="UsagePlan.GroupBy"/>; empty where the event had no such value.</param>
internal readonly record struct UsageRow(Window Window, IReadOnlyList<string> Groups, Quantity Value);
