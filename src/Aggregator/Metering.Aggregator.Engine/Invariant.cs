using System.Diagnostics.CodeAnalysis;

namespace Metering.Aggregator.Engine;

/// <summary>Assumptions whose failure must stop the program, in release builds too.</summary>
public static class Invariant
{
    public static void Check([DoesNotReturnIf(false)] bool holds, string broken)
    {
        if (!holds)
        {
            Fail(broken);
        }
    }

    [DoesNotReturn]
    private static void Fail(string broken) => throw new InvariantException($"Broken invariant: {broken}.");
}

/// <summary>The program found itself in a state that must not exist. Nothing may be written after it.</summary>
public sealed class InvariantException(string message) : Exception(message);
