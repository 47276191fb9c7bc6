using System.Text.RegularExpressions;

namespace Metering.EndToEnd.Tests.Running;

/// <summary>Running processes that together take usage and count it.</summary>
internal interface IDeployment : IAsyncDisposable
{
    /// <summary>Outcomes that one of its processes never learnt: answers that were lost, flushes that were sent again.</summary>
    int InDoubt { get; }

    /// <param name="entrance">Which of the ingesting processes it sends to, where there are several.</param>
    Task<MeteringClient> NewClientAsync(int entrance);
}

/// <summary>What processes say when they do not know what became of a flush.</summary>
internal static partial class Doubts
{
    public static int In(string errors) => SentAgain().Count(errors);

    [GeneratedRegex("was on its way and is sent again|Attempt [0-9]+ failed")]
    private static partial Regex SentAgain();
}
