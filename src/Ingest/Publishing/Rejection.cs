using Metering.Ingest.Validation;

namespace Metering.Ingest.Publishing;

/// <summary>One element that was refused.</summary>
/// <param name="Index">Its place among the elements of the request, from 0.</param>
/// <param name="Id">Its id, when it had a readable one.</param>
/// <param name="Problem">Why.</param>
/// <param name="Start">Where its bytes start in the body.</param>
/// <param name="Length">How many they are.</param>
internal readonly record struct Rejection(int Index, string? Id, Problem Problem, int Start, int Length);
