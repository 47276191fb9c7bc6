using Npgsql;

namespace Metering.BillingCore.Runs;

/// <summary>Two transactions that ran into each other are sorted out by PostgreSQL: one of them is undone, and is done again.</summary>
internal static class Clashes
{
    private const int MaxAttempts = 5;

    public static bool IsClash(Exception failure) => failure is PostgresException { SqlState: PostgresErrorCodes.SerializationFailure or PostgresErrorCodes.DeadlockDetected };

    /// <param name="once">A transaction of its own.</param>
    /// <param name="again">Told the SQLSTATE before each further attempt.</param>
    /// <exception cref="PostgresException">It clashed again and again, or something else is wrong.</exception>
    public static async Task<T> AgainAsync<T>(Func<Task<T>> once, Action<string> again)
    {
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                return await once();
            }
            catch (PostgresException clash) when (IsClash(clash) && attempt < MaxAttempts)
            {
                again(clash.SqlState);
            }
        }
    }
}
