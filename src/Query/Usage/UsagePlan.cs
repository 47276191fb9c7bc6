using Metering.Query.Http;
using Metering.Query.Meters;
using Metering.Query.Windows;

namespace Metering.Query.Usage;

/// <summary>A usage query held against the revision that answers it: every name is known, every window defined.</summary>
internal sealed record UsagePlan
{
    public required string Tenant { get; init; }

    public required ServingRevision Revision { get; init; }

    public required UsageRequest Request { get; init; }

    /// <summary>In the order asked for; <c>subject</c> is one of them when rows are by subject.</summary>
    public required IReadOnlyList<string> GroupBy { get; init; }

    /// <summary>Null when the whole range is one window.</summary>
    public required ZoneWindows? Windows { get; init; }

    public static UsagePlan For(string tenant, ServingRevision revision, UsageRequest request)
    {
        List<string> groupBy = [.. request.GroupBy];
        if (request.Subjects.Count > 0 && !groupBy.Contains(UsageColumns.Subject))
        {
            groupBy.Insert(0, UsageColumns.Subject);
        }

        foreach (string name in groupBy.Where(name => name != UsageColumns.Subject))
        {
            CheckDimension(revision, name, "group by");
        }

        foreach (string name in FilterNames(request))
        {
            CheckDimension(revision, name, "group by filter");
        }

        return new UsagePlan { Tenant = tenant, Revision = revision, Request = request, GroupBy = groupBy, Windows = WindowsOf(request) };
    }

    private static IEnumerable<string> FilterNames(UsageRequest request) => request.AdvancedFilters is { } advanced
        ? JsonFields.Of(advanced, "advancedMeterGroupByFilters").All.Select(entry => entry.Name)
        : request.FilterGroupBy.Keys;

    private static void CheckDimension(ServingRevision revision, string name, string what)
    {
        if (revision.Definition.GroupBy.ContainsKey(name))
        {
            return;
        }

        if (name == "customer_id")
        {
            throw RefusedException.BadRequest("customer_id is not supported: there are no customers here. Group by subject.");
        }

        string pending = revision.Meter.Definition.GroupBy.ContainsKey(name) ? " (the change that added it is still being applied to earlier events)" : "";
        throw RefusedException.BadRequest($"invalid {what}: {name}{pending}");
    }

    private static ZoneWindows? WindowsOf(UsageRequest request) => request.WindowSize is { } size
        ? ZoneWindows.Over(size, request.WindowTimeZone, MinuteRange.ClampedStart(request.From), MinuteRange.ClampedEnd(request.To))
        : ZoneCheck(request.WindowTimeZone);

    /// <summary>A wrong zone is refused even where no window needs it.</summary>
    private static ZoneWindows? ZoneCheck(string zone)
    {
        ZoneWindows.Over(WindowSize.Minute, zone, MinuteRange.ClampedStart(null), MinuteRange.ClampedStart(null));
        return null;
    }
}
