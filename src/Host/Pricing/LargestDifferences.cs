using System.Globalization;
using System.Text.Json;
using Metering.Host.Client;
using Metering.Host.Commands;
using Spectre.Console;

namespace Metering.Host.Pricing;

/// <summary>The sums of a simulation and the customers it changes most: pages come and go, only these stay.</summary>
/// <param name="most">Customers that are kept.</param>
internal sealed class LargestDifferences(int most)
{
    public const int MaxKept = 10_000;

    private readonly PriorityQueue<Row, decimal> _rows = new();
    private readonly Dictionary<string, (decimal Old, decimal New)> _components = [];
    private readonly List<string> _problems = [];
    private string _currency = "";
    private string _heading = "";
    private string? _warning;
    private int _customers;
    private decimal _old;
    private decimal _new;

    public int Refused { get; private set; }

    public long Seal { get; private set; }

    public IEnumerable<string> Customers => Rows().Select(row => row.Customer);

    public void Add(JsonElement page)
    {
        JsonElement seal = page.GetProperty("seal");
        Seal = seal.GetProperty("number").GetInt64();
        _currency = JsonText.Member(page, "currency");
        _heading = $"version {Side(page, "old")} → version {Side(page, "new")}, usage as of seal {JsonText.Member(seal, "number")}";
        _warning = seal.GetProperty("complete").GetBoolean() ? null : $"Usage is sealed up to {JsonText.Member(seal, "upto")}: the end of the period is missing.";
        JsonElement totals = page.GetProperty("totals");
        _customers += totals.GetProperty("customers").GetInt32();
        Refused += totals.GetProperty("refused").GetInt32();
        (_old, _new) = (_old + Money(totals, "old"), _new + Money(totals, "new"));
        foreach (JsonElement one in totals.GetProperty("components").EnumerateArray())
        {
            (decimal old, decimal @new) = _components.GetValueOrDefault(JsonText.Member(one, "component"));
            _components[JsonText.Member(one, "component")] = (old + Money(one, "old"), @new + Money(one, "new"));
        }

        foreach (JsonElement item in page.GetProperty("items").EnumerateArray())
        {
            AddCustomer(item);
        }
    }

    public void Show()
    {
        IAnsiConsole console = Terminal.Out();
        console.WriteLine(_heading);
        Table table = Amounts("customer");
        Row[] rows = [.. Rows()];
        foreach (Row row in rows)
        {
            AddRow(table, row.Customer, row.Old, row.New);
        }

        AddRow(table, rows.Length < _customers ? string.Create(CultureInfo.InvariantCulture, $"all {_customers:N0}") : "all", _old, _new);
        console.Write(table);
        Table components = Amounts("component");
        foreach ((string component, (decimal old, decimal @new)) in _components)
        {
            AddRow(components, component, old, @new);
        }

        console.Write(components);
        if (_warning is not null)
        {
            Console.Error.WriteLine($"metering: {_warning}");
        }

        _problems.ForEach(problem => Console.Error.WriteLine($"metering: {problem}"));
        if (Refused > _problems.Count)
        {
            Console.Error.WriteLine($"metering: and {Refused - _problems.Count} more customers without a price.");
        }
    }

    private void AddCustomer(JsonElement item)
    {
        string customer = JsonText.Member(item, "customer");
        if (item.TryGetProperty("problem", out JsonElement problem))
        {
            if (_problems.Count < most)
            {
                _problems.Add($"{customer}: {problem.GetString()}");
            }

            return;
        }

        Row row = new(customer, Money(item, "old"), Money(item, "new"));
        _rows.Enqueue(row, Math.Abs(row.New - row.Old));
        if (_rows.Count > most)
        {
            _rows.Dequeue();
        }
    }

    private IEnumerable<Row> Rows() =>
        _rows.UnorderedItems.Select(one => one.Element).OrderByDescending(row => Math.Abs(row.New - row.Old)).ThenBy(row => row.Customer, StringComparer.Ordinal);

    private Table Amounts(string what)
    {
        Table table = Terminal.NewTable(what, $"old {_currency}", $"new {_currency}", "difference", "%");
        Array.ForEach([1, 2, 3, 4], column => table.Columns[column].RightAligned());
        return table;
    }

    private static void AddRow(Table table, string name, decimal old, decimal @new)
    {
        decimal difference = @new - old;
        string percent = old == 0 ? "" : (difference / old * 100).ToString("+0.0;-0.0;0.0", CultureInfo.InvariantCulture);
        table.AddRow(Markup.Escape(name), Text(old), Text(@new), (difference > 0 ? "+" : "") + Text(difference), percent);
    }

    /// <summary>Amounts keep the decimals of their currency: a decimal's sum has those of its terms.</summary>
    private static string Text(decimal amount) => amount.ToString(CultureInfo.InvariantCulture);

    private static decimal Money(JsonElement element, string name) => decimal.Parse(JsonText.Member(element, name), CultureInfo.InvariantCulture);

    private static string Side(JsonElement page, string name) => $"{JsonText.Member(page.GetProperty(name), "version")} ({JsonText.Member(page.GetProperty(name), "state")})";

    private readonly record struct Row(string Customer, decimal Old, decimal New);
}
