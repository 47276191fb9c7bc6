using Metering.Query.Windows;

namespace Metering.Query.Tests.Windows;

/// <summary>
/// Windows found by walking the clock minute by minute with the machine's own zone data: slow, and independent of <see cref="ZoneWindows"/>.
/// </summary>
internal static class NaiveWindows
{
    /// <summary>Zones with an offset that is no whole hour, changes of half an hour, changes at or over midnight, a skipped day, or none at all.</summary>
    public static readonly string[] Zones =
    [
        "UTC", "Europe/Budapest", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe", "America/St_Johns", "Pacific/Apia", "America/Sao_Paulo",
        "Pacific/Chatham", "America/Havana", "Asia/Beirut", "Asia/Pyongyang", "America/Caracas",
    ];

    /// <summary>The window of each minute in [from, to), which must be far enough from the ends for windows to be whole.</summary>
    public static Dictionary<DateTimeOffset, Window> Over(WindowSize size, string zone, DateTimeOffset from, DateTimeOffset to, TimeSpan margin)
    {
        TimeZoneInfo clock = TimeZoneInfo.FindSystemTimeZoneById(zone);
        Dictionary<DateTimeOffset, Window> windows = [];
        List<DateTimeOffset> open = [];
        object? label = null;
        DateTime reached = DateTime.MinValue;
        for (DateTimeOffset minute = from - margin; minute < to + margin; minute = minute.AddMinutes(1))
        {
            DateTimeOffset local = TimeZoneInfo.ConvertTime(minute, clock);
            reached = local.DateTime.Date > reached ? local.DateTime.Date : reached;
            object next = Label(size, local, reached);
            if (!next.Equals(label))
            {
                Close(windows, open, minute);
                label = next;
            }

            open.Add(minute);
        }

        return windows.Where(entry => entry.Key >= from && entry.Key < to).ToDictionary();
    }

    private static object Label(WindowSize size, DateTimeOffset local, DateTime reached) => size switch
    {
        WindowSize.Minute => local.UtcDateTime,
        WindowSize.Hour => (local.DateTime.Date, local.Hour, local.Offset),
        WindowSize.Day => reached,
        WindowSize.Month => (reached.Year, reached.Month),
    };

    private static void Close(Dictionary<DateTimeOffset, Window> windows, List<DateTimeOffset> open, DateTimeOffset end)
    {
        foreach (DateTimeOffset minute in open)
        {
            windows.Add(minute, new Window(open[0], end));
        }

        open.Clear();
    }
}
