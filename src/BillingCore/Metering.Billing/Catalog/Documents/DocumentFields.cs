using System.Globalization;
using System.Text.RegularExpressions;
using Metering.Billing.Calculator;
using Metering.Billing.Periods;

namespace Metering.Billing.Catalog.Documents;

/// <summary>Fields that many documents have.</summary>
internal static partial class DocumentFields
{
    public const int MaxNameLength = 200;

    private const string InstantForm = "yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'";

    /// <summary>Lower-case letters, digits, dot, dash and underscore, beginning with a letter or digit: it is in URLs and in files.</summary>
    public static string Key(this JsonFields fields, string name)
    {
        string key = fields.RequiredText(name);
        if (key.Length > 0 && !KeyForm().IsMatch(key))
        {
            fields.Refuse(name, "must be 1 to 64 lower-case letters, digits, dots, dashes and underscores, beginning with a letter or a digit");
        }

        return key;
    }

    public static string? Name(this JsonFields fields, string name)
    {
        string? text = fields.Text(name);
        if (text is { Length: > MaxNameLength } || text?.Contains('\0', StringComparison.Ordinal) == true)
        {
            fields.Refuse(name, $"must be at most {MaxNameLength} characters without NUL");
        }

        return text;
    }

    /// <summary>An instant in UTC, a whole minute: everything that separates usage is.</summary>
    public static DateTimeOffset? Minute(this JsonFields fields, string name)
    {
        if (fields.Text(name) is not { } text)
        {
            return null;
        }

        if (!DateTimeOffset.TryParseExact(text, InstantForm, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset instant))
        {
            fields.Refuse(name, "must be an instant in UTC such as 2026-01-01T00:00:00Z");
        }
        else if (instant.UtcTicks % TimeSpan.TicksPerMinute != 0)
        {
            fields.Refuse(name, "must be a whole minute");
        }

        return instant;
    }

    public static DateTimeOffset RequiredMinute(this JsonFields fields, string name)
    {
        if (!fields.Has(name))
        {
            fields.Refuse(name, "is required");
        }

        return fields.Minute(name) ?? DateTimeOffset.UnixEpoch;
    }

    /// <summary><c>{"unit":"month","count":1}</c>; null when absent.</summary>
    public static BillingInterval? Interval(this JsonFields fields, string name)
    {
        if (fields.Object(name) is not { } interval)
        {
            return null;
        }

        if (!interval.Has("unit"))
        {
            interval.Refuse("unit", "is required");
        }

        IntervalUnit unit = interval.Choice(
            "unit", IntervalUnit.Month,
            ("day", IntervalUnit.Day), ("week", IntervalUnit.Week), ("month", IntervalUnit.Month), ("quarter", IntervalUnit.Quarter), ("half_year", IntervalUnit.HalfYear), ("year", IntervalUnit.Year));
        int count = interval.Integer("count", 1, BillingInterval.MaxCount) ?? 1;
        interval.Close();
        return new BillingInterval(unit, count);
    }

    public static string Text(this IntervalUnit unit) => unit switch
    {
        IntervalUnit.Day => "day",
        IntervalUnit.Week => "week",
        IntervalUnit.Month => "month",
        IntervalUnit.Quarter => "quarter",
        IntervalUnit.HalfYear => "half_year",
        IntervalUnit.Year => "year",
    };

    [GeneratedRegex("^[a-z0-9][a-z0-9._-]{0,63}$")]
    private static partial Regex KeyForm();
}
