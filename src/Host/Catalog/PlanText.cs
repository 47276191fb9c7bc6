using System.Globalization;
using System.Text.Json;
using Metering.Host.Client;
using Metering.Host.Commands;
using Spectre.Console;

namespace Metering.Host.Catalog;

/// <summary>A plan for people: what is created, changed and archived, and what that means in money.</summary>
internal sealed class PlanText(JsonElement plan)
{
    private const string Created = "created";
    private const string Changed = "changed";
    private const string Archived = "archived";

    private readonly IAnsiConsole _out = Terminal.Out();

    public long Version => plan.GetProperty("version").GetInt64();

    public bool ChangesNothing => plan.GetProperty("changes").GetArrayLength() == 0;

    public void Write()
    {
        foreach (JsonElement change in plan.GetProperty("changes").EnumerateArray())
        {
            WriteChange(change);
        }

        foreach (JsonElement bill in plan.GetProperty("sample_bills").EnumerateArray())
        {
            WriteBill(bill);
        }

        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"{Count(Created)} created, {Count(Changed)} changed, {Count(Archived)} archived, {JsonText.Member(plan, "unchanged")} unchanged. The catalogue is at version {Version}."));
    }

    private int Count(string action) => plan.GetProperty("changes").EnumerateArray().Count(change => JsonText.Member(change, "action") == action);

    private void WriteChange(JsonElement change)
    {
        string action = JsonText.Member(change, "action");
        WriteLine("", action switch { Created => '+', Archived => '-', _ => '~' }, $"{JsonText.Member(change, "kind").Replace('_', ' ')} {JsonText.Member(change, "key")}");
        foreach (JsonElement field in change.GetProperty("fields").EnumerateArray())
        {
            WriteField(field);
        }
    }

    /// <summary>What is new is shown whole; of what is gone the name says enough.</summary>
    private void WriteField(JsonElement field)
    {
        string path = JsonText.Member(field, "path");
        bool wasThere = field.TryGetProperty("old", out JsonElement old);
        if (!field.TryGetProperty("new", out JsonElement becomes))
        {
            WriteLine("    ", '-', wasThere && IsPlain(old) ? $"{path}: {Text(old)}" : path);
        }
        else if (wasThere)
        {
            WriteLine("    ", '~', $"{path}: {Text(old)} → {Text(becomes)}");
        }
        else
        {
            WriteLine("    ", '+', IsPlain(becomes) ? $"{path}: {Text(becomes)}" : $"{path}:\n        {YamlText.Of(becomes).TrimEnd().Replace("\n", "\n        ", StringComparison.Ordinal)}");
        }
    }

    /// <summary>The sign has a colour; the rest is not folded to the width of a terminal.</summary>
    private void WriteLine(string indent, char sign, string text)
    {
        string colour = sign switch { '+' => "green", '-' => "red", _ => "yellow" };
        _out.Markup($"{indent}[{colour}]{sign}[/] ");
        Console.WriteLine(text);
    }

    private void WriteBill(JsonElement bill)
    {
        (string old, string becomes) = (JsonText.Member(bill, "old_currency"), JsonText.Member(bill, "new_currency"));
        string cell = bill.TryGetProperty("cell", out JsonElement key) ? $" ({string.Join(", ", key.EnumerateObject().Select(one => $"{one.Name}={one.Value.GetString()}"))})" : "";
        Console.WriteLine();
        Console.WriteLine($"{JsonText.Member(bill, "price_book")} / {JsonText.Member(bill, "plan")} / {JsonText.Member(bill, "phase")} / {JsonText.Member(bill, "component")}{cell}, a whole period:");
        Table table = Terminal.NewTable("quantity", $"old {old}".Trim(), $"new {becomes}".Trim());
        foreach (TableColumn column in table.Columns)
        {
            column.RightAligned();
        }

        foreach (JsonElement row in bill.GetProperty("rows").EnumerateArray())
        {
            table.AddRow(Quantity(row), Amount(row.GetProperty("old")), Amount(row.GetProperty("new")));
        }

        _out.Write(table);
    }

    private static string Quantity(JsonElement row)
    {
        string events = JsonText.Member(row, "events");
        return JsonText.Member(row, "quantity") + (events.Length == 0 ? "" : events == "1" ? " in 1 event" : $" in {events} events");
    }

    private static string Amount(JsonElement amount) => amount.ValueKind == JsonValueKind.Null ? "–" : JsonText.Member(amount, "amount");

    private static bool IsPlain(JsonElement value) => value.ValueKind is not (JsonValueKind.Object or JsonValueKind.Array);

    private static string Text(JsonElement value) => value.ValueKind == JsonValueKind.String ? value.GetString()! : value.GetRawText();
}
