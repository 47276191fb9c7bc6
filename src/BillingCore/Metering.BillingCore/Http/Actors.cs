namespace Metering.BillingCore.Http;

/// <summary>Who asks for a change, in the audit log.</summary>
internal static class Actors
{
    public const string Api = "api";
}
