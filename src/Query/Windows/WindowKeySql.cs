namespace Metering.Query.Windows;

/// <summary>
/// The window key of a row's <c>minute</c> in ClickHouse: integer arithmetic over the zone's offset changes, which are parameters
/// <c>span_start</c>, <c>span_offset</c> and <c>span_day</c>. The same function as <see cref="ZoneWindows.KeyOf"/>.
/// </summary>
internal static class WindowKeySql
{
    public static string Expression(ZoneWindows windows)
    {
        const string second = "toInt64(toUnixTimestamp(minute))";
        string span = windows.Spans.Count == 1 ? "1" : $"arrayLastIndex(start -> start <= SECOND, {{span_start:Array(Int64)}})";
        const string day = "greatest({span_day:Array(Int64)}[SPAN], intDiv(SECOND + {span_offset:Array(Int64)}[SPAN], 86400))";
        string expression = windows.Size switch
        {
            WindowSize.Minute => "SECOND",
            WindowSize.Hour => "greatest({span_start:Array(Int64)}[SPAN], SECOND - modulo(SECOND + {span_offset:Array(Int64)}[SPAN], 3600))",
            WindowSize.Day => day,
            WindowSize.Month => $"toInt64(toYYYYMM(addDays(toDate32('1970-01-01'), {day})))",
        };
        return expression.Replace("SPAN", span, StringComparison.Ordinal).Replace("SECOND", second, StringComparison.Ordinal);
    }

    public static IEnumerable<(string Name, object Value)> Parameters(ZoneWindows windows)
    {
        if (windows.Size == WindowSize.Minute)
        {
            yield break;
        }

        yield return ("span_start", windows.Spans.Select(span => span.Start).ToArray());
        yield return ("span_offset", windows.Spans.Select(span => span.Offset).ToArray());
        yield return ("span_day", windows.Spans.Select(span => span.FirstDay).ToArray());
    }
}
