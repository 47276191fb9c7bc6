namespace Metering.Billing.Zones;

/// <summary>All zones of one release of the IANA database. A look-up in memory: it never reads a file, and never changes.</summary>
public interface IZoneSource
{
    /// <summary>The release, such as 2026a.</summary>
    string TzdbVersion { get; }

    /// <summary>Null when the release has no zone or link of this name.</summary>
    ZoneRules? Find(string id);
}
