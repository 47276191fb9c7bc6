using CsCheck;

namespace Metering.Query.Tests.Testing;

internal static class Pick
{
    /// <summary>One of the given values, each as likely as another.</summary>
    public static Gen<T> From<T>(params T[] values) => Gen.Int[0, values.Length - 1].Select(index => values[index]);
}
