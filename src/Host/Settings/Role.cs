namespace Metering.Host.Settings;

/// <summary>What a process does. Roles meet in the log, in ClickHouse and in PostgreSQL, never in memory.</summary>
[Flags]
public enum Roles
{
    None = 0,

    /// <summary>Takes events over HTTP and gRPC into the log.</summary>
    Ingest = 1,

    /// <summary>Counts the log into ClickHouse, seals, audits.</summary>
    Aggregator = 2,

    /// <summary>Answers queries and manages meters.</summary>
    Query = 4,

    /// <summary>Prices and bills: the catalogue, the calculators, customers and their subscriptions.</summary>
    Billing = 8,

    All = Ingest | Aggregator | Query | Billing,
}

public static class RoleNames
{
    /// <exception cref="SettingsException">A name is not a role.</exception>
    public static Roles Parse(IEnumerable<string> names)
    {
        Roles roles = Roles.None;
        foreach (string name in names.SelectMany(list => list.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)))
        {
            roles |= name switch
            {
                "ingest" => Roles.Ingest,
                "aggregator" => Roles.Aggregator,
                "query" => Roles.Query,
                "billing" => Roles.Billing,
                "all" => Roles.All,
                _ => throw new SettingsException($"--roles {name}: expected ingest, aggregator, query, billing or all."),
            };
        }

        return roles;
    }
}
