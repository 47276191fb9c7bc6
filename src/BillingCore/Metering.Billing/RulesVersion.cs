namespace Metering.Billing;

/// <summary>
/// The version of the rules that this code computes by. An invoice stores the one it was made with; a change of any amount for the same
/// inputs is a new version, and the old one stays callable.
/// </summary>
public static class RulesVersion
{
    public const string Current = "1";
}
