using Metering.Billing.Credits;

namespace Metering.Billing.Postgres.Grants;

/// <summary>Kinds and states of grants, as they are stored and shown.</summary>
public static class GrantNames
{
    public static string Name(this GrantKind kind) => kind == GrantKind.Paid ? "paid" : "promotional";

    public static string Name(this GrantState state) => state switch
    {
        GrantState.Pending => "pending",
        GrantState.Usable => "usable",
        GrantState.Expired => "expired",
        GrantState.Void => "void",
    };

    /// <summary>Null for another text.</summary>
    public static GrantState? FindState(string name)
    {
        foreach (GrantState state in Enum.GetValues<GrantState>())
        {
            if (state.Name() == name)
            {
                return state;
            }
        }

        return null;
    }
}
