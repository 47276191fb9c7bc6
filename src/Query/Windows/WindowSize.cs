using Metering.Query.Http;

namespace Metering.Query.Windows;

internal enum WindowSize
{
    Minute,
    Hour,
    Day,
    Month,
}

internal static class WindowSizeName
{
    public static string ToName(this WindowSize size) => size switch
    {
        WindowSize.Minute => "MINUTE",
        WindowSize.Hour => "HOUR",
        WindowSize.Day => "DAY",
        WindowSize.Month => "MONTH",
    };

    public static WindowSize? Parse(string? name) => name switch
    {
        null => null,
        "MINUTE" => WindowSize.Minute,
        "HOUR" => WindowSize.Hour,
        "DAY" => WindowSize.Day,
        "MONTH" => WindowSize.Month,
        _ => throw RefusedException.BadRequest($"windowSize: '{name}' is not one of MINUTE, HOUR, DAY, MONTH."),
    };
}
