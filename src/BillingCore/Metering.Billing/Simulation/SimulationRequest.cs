using System.Globalization;
using System.Text.Json;
using Metering.Billing.Calculator;
using Metering.Billing.Catalog.Documents;
using Metering.Billing.Periods;

namespace Metering.Billing.Simulation;

/// <summary>Which usage is priced with which versions: the body of <c>POST /v1/simulations</c>.</summary>
public sealed record SimulationRequest
{
    public const int MaxCustomers = 1000;
    public const int MaxPage = 1000;

    /// <summary>Steps take room: an answer that explains has fewer customers.</summary>
    public const int MaxExplained = 100;

    private const int DefaultPage = 100;
    private const int FirstYear = 2000;
    private const int LastYear = 2105;
    private const string InstantForm = "yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'";

    public required string PriceBook { get; init; }

    /// <summary>The version that is tried out.</summary>
    public required int Version { get; init; }

    /// <summary>The version that it is compared with; null for the one that applied when the period began.</summary>
    public required int? Against { get; init; }

    public required string Plan { get; init; }

    /// <summary>Whole minutes.</summary>
    public required TimeRange Period { get; init; }

    /// <summary>Null for all that have usage.</summary>
    public required IReadOnlyList<string>? Customers { get; init; }

    /// <summary>Customers in the answer; 0 for the totals of all of them and no list.</summary>
    public required int Limit { get; init; }

    public required string? Cursor { get; init; }

    /// <summary>Null for the newest.</summary>
    public required int? Seal { get; init; }

    public required bool Explain { get; init; }

    /// <summary>Of licensed components, by key; 1 where nothing is said.</summary>
    public required IReadOnlyDictionary<string, Fraction> Seats { get; init; }

    /// <returns>What can be simulated when there are no problems; otherwise of no use.</returns>
    public static SimulationRequest Read(JsonElement body, List<Problem> problems)
    {
        JsonFields fields = new(body, "", problems);
        bool explain = fields.Flag("explain") ?? false;
        int most = explain ? MaxExplained : MaxPage;
        SimulationRequest request = new()
        {
            PriceBook = fields.RequiredText("price_book"),
            Version = RequiredVersion(fields),
            Against = fields.Integer("against", 1, int.MaxValue),
            Plan = fields.RequiredText("plan"),
            Period = ReadPeriod(fields),
            Customers = ReadCustomers(fields),
            Limit = fields.Integer("limit", 0, most) ?? DefaultPage,
            Cursor = fields.Text("cursor"),
            Seal = fields.Integer("seal", 1, int.MaxValue),
            Explain = explain,
            Seats = ReadSeats(fields),
        };
        fields.Close();
        if (request.Against == request.Version)
        {
            fields.Refuse("against", "must be another version than the one that is tried out");
        }

        return request;
    }

    private static int RequiredVersion(JsonFields fields)
    {
        if (!fields.Has("version"))
        {
            fields.Refuse("version", "is required");
        }

        return fields.Integer("version", 1, int.MaxValue) ?? 1;
    }

    private static TimeRange ReadPeriod(JsonFields fields)
    {
        if (fields.Texts("period") is not [var from, var to])
        {
            fields.Refuse("period", "must be a list of its start and its end");
            return default;
        }

        (DateTimeOffset start, DateTimeOffset end) = (ReadMinute(fields, "period[0]", from), ReadMinute(fields, "period[1]", to));
        if (end > start)
        {
            return new TimeRange(start, end);
        }

        fields.Refuse("period", "must end after it begins");
        return default;
    }

    private static DateTimeOffset ReadMinute(JsonFields fields, string path, string text)
    {
        if (!DateTimeOffset.TryParseExact(text, InstantForm, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset instant))
        {
            fields.Refuse(path, "must be an instant in UTC such as 2026-01-01T00:00:00Z");
        }
        else if (instant.UtcTicks % TimeSpan.TicksPerMinute != 0)
        {
            fields.Refuse(path, "must be a whole minute");
        }
        else if (instant.Year is < FirstYear or > LastYear)
        {
            fields.Refuse(path, $"must be in the years {FirstYear} to {LastYear}: there is no usage outside them");
        }

        return instant;
    }

    private static List<string>? ReadCustomers(JsonFields fields)
    {
        if (fields.Texts("customers") is not { } customers)
        {
            return null;
        }

        if (customers.Count is 0 or > MaxCustomers)
        {
            fields.Refuse("customers", $"must name 1 to {MaxCustomers} customers");
        }

        for (int i = 0; i < customers.Count; i++)
        {
            if (customers[i].Length is 0 or > DocumentFields.MaxNameLength || customers[i].Contains('\0', StringComparison.Ordinal))
            {
                fields.Refuse($"customers[{i}]", $"must be 1 to {DocumentFields.MaxNameLength} characters without NUL");
            }
        }

        return customers;
    }

    private static Dictionary<string, Fraction> ReadSeats(JsonFields fields)
    {
        Dictionary<string, Fraction> seats = new(StringComparer.Ordinal);
        foreach ((string component, string text) in fields.TextMap("seats") ?? [])
        {
            if (!Fraction.TryParse(text, out Fraction count) || count.Sign < 0)
            {
                fields.Refuse($"seats.{component}", "must be a plain number that is not negative");
            }

            seats[component] = count;
        }

        return seats;
    }
}
