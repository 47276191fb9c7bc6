namespace Metering.Query.Windows;

/// <summary>A half-open window <c>[Start, End)</c>.</summary>
internal readonly record struct Window(DateTimeOffset Start, DateTimeOffset End);
