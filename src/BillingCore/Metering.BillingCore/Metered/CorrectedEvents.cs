namespace Metering.BillingCore.Metered;

/// <summary>The raw events that count as of a seal: without what was voided, and of what was amended its last version.</summary>
internal static class CorrectedEvents
{
    /// <summary>The condition on a row of <c>usage_raw</c>, beside the tables of <see cref="Tables"/>.</summary>
    public const string Counts = """
        ((kind = 'use' AND (id_hash, off) NOT IN (SELECT id_hash, off FROM corrected))
          OR (kind = 'amend' AND (target_hash, off) IN (SELECT id_hash, amendment FROM corrected WHERE voids = 0)))
        """;

    /// <summary>Tables for a <c>WITH</c>: <c>corrections</c>, and <c>corrected</c> with the events that they are of.</summary>
    /// <param name="isFolded">Whether a row of <c>usage_raw</c> is the tenant's and was known to the seal.</param>
    public static string Tables(string isFolded) => $"""
        corrections AS (
          SELECT target_hash, target_off, maxIf(off, kind = 'amend') AS amendment, countIf(kind = 'void') AS voids
          FROM usage_raw FINAL WHERE kind != 'use' AND {isFolded} GROUP BY target_hash, target_off),
        corrected AS (
          SELECT e.id_hash AS id_hash, e.off AS off, max(c.amendment) AS amendment, sum(c.voids) AS voids
          FROM (
            SELECT id_hash, off, born_void FROM usage_raw FINAL
            WHERE kind = 'use' AND {isFolded} AND id_hash IN (SELECT target_hash FROM corrections)) AS e
          JOIN corrections AS c ON c.target_hash = e.id_hash
          WHERE c.target_off = e.off OR (e.born_void = 1 AND c.target_off = 0)
          GROUP BY e.id_hash, e.off)
        """;
}
