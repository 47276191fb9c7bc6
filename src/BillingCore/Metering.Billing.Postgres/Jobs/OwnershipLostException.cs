namespace Metering.Billing.Postgres.Jobs;

/// <summary>Somebody else does the job now. What was not committed is undone; nothing is to be done but to stop, and to ask for the job again.</summary>
public sealed class OwnershipLostException(string message, Exception? inner = null) : Exception(message, inner);
