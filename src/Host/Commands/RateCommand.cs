using System.Buffers;
using System.CommandLine;
using System.Text.Json;
using Metering.Billing;
using Metering.Billing.Calculator;
using Metering.Billing.Zones;
using Metering.Host.Client;
using Metering.Host.Pricing;
using Metering.Host.Settings;

namespace Metering.Host.Commands;

/// <summary><c>metering rate</c>: what a component costs, step by step. Needs no server.</summary>
internal sealed class RateCommand
{
    private readonly Argument<string?> _file = new("FILE") { Description = "A component, a whole case with \"component\", or {\"cases\":[…]}, as JSON; - for standard input", Arity = ArgumentArity.ZeroOrOne };
    private readonly Option<string?> _component = new("--component") { Description = "The component instead of a file", HelpName = "JSON" };
    private readonly Option<string?> _currency = new("--currency") { Description = "ISO 4217", HelpName = "CODE" };
    private readonly Option<string?> _quantity = new("--quantity") { Description = "All usage of the period, what is already rated included", HelpName = "NUMBER" };
    private readonly Option<string?> _events = new("--events") { Description = "Single events instead, for percentage and dynamic prices: [{\"value\":\"50\"}, …]", HelpName = "JSON" };
    private readonly Option<string?> _cells = new("--cells") { Description = "Cells instead, for a matrix: [{\"key\":{\"model\":\"gpt\"},\"quantity\":\"5\"}, …]", HelpName = "JSON" };
    private readonly Option<string?> _already = new("--already") { Description = "The part of the quantity that was rated before", HelpName = "NUMBER" };
    private readonly Option<string?> _alreadyAmount = new("--already-amount") { Description = "What was billed before (default: what the part costs today)", HelpName = "MONEY" };
    private readonly Option<string?> _share = new("--share") { Description = "Active part of the period, as 15/31 (default 1)", HelpName = "N/D" };
    private readonly Option<string?> _rounding = new("--rounding") { Description = "half_away_from_zero (default), half_even, half_up, up or down", HelpName = "MODE" };
    private readonly Option<bool> _open = new("--open") { Description = "The period is not over: no minimum yet" };
    private readonly Option<bool> _json = new("--json") { Description = "The calculator's own answer" };

    public static Command Create()
    {
        RateCommand rate = new();
        Command command = new("rate", """
            Price usage with one component, step by step, without a server.

            Examples:
              metering rate --currency USD --quantity 12 component.json
              metering rate --currency USD --quantity 12 --component '{"model":"graduated","tiers":[{"up_to":"10","flat":"2","unit":"10"},{"unit":"5"}]}'
              metering rate --currency EUR --quantity 1250 --already 900 --component '{"model":"package","package_size":"100","package_price":"7"}'
              metering rate --currency USD --share 15/31 --open --quantity 3 --component '{"model":"per_unit","unit":"0.10","minimum":"10"}'
              metering rate --currency USD --events '[{"value":"50"},{"value":"200"}]' --component '{"model":"percentage","percent":"2.5","fixed":"0.30","free_events":1}'
              metering rate --json case.json
            """);
        command.Arguments.Add(rate._file);
        foreach (Option option in new Option[]
        {
            rate._component, rate._currency, rate._quantity, rate._events, rate._cells, rate._already, rate._alreadyAmount, rate._share, rate._rounding, rate._open, rate._json,
        })
        {
            command.Options.Add(option);
        }

        command.SetAction((parsed, _) => Running.GuardAsync(() => Task.FromResult(rate.Run(parsed))));
        return command;
    }

    private int Run(ParseResult parsed)
    {
        JsonElement? given = parsed.GetValue(_file) is { } path ? JsonInput.ReadFile(path) : null;
        JsonElement request = given is { } list && list.TryGetProperty("cases", out _) ? Listed(parsed, list) : JsonInput.Parse("the case", Case(parsed, given));
        string batch = Calculation.Batch(request);
        return Calculation.Run(batch, Rate, parsed.GetValue(_json), (number, result) => RateTables.Show(result, CurrencyOf(request, number)));
    }

    /// <summary>Many cases are taken as they are: an option says something of one.</summary>
    private JsonElement Listed(ParseResult parsed, JsonElement list)
    {
        Option? changing = parsed.CommandResult.Command.Options.FirstOrDefault(option => option != _json && parsed.GetResult(option) is { Implicit: false });
        return changing is null ? list : throw new SettingsException($"{changing.Name} says something of one case; the file has a list of them.");
    }

    private static string CurrencyOf(JsonElement request, int number) =>
        JsonText.Member(request.TryGetProperty("cases", out JsonElement cases) ? cases[number] : request, "currency");

    private static bool Rate(ReadOnlyMemory<byte> body, IBufferWriter<byte> output, out Problem refused) =>
        RateCalculator.TryAnswer(body, TzdbZones.Instance.TzdbVersion, output, out refused);

    /// <summary>The file's case, with what the options say in place of its fields.</summary>
    private string Case(ParseResult parsed, JsonElement? given)
    {
        Dictionary<string, Action<Utf8JsonWriter>> fields = [];
        if (given is { } file && file.TryGetProperty("component", out _))
        {
            foreach (JsonProperty field in file.EnumerateObject())
            {
                fields[field.Name] = field.Value.WriteTo;
            }
        }
        else if (given is { } component)
        {
            fields["component"] = component.WriteTo;
        }

        AddOptions(parsed, fields);
        if (!fields.ContainsKey("component"))
        {
            throw new SettingsException("Nothing to price: give a FILE, or --component with JSON.");
        }

        return JsonText.Write(json => Write(json, fields));
    }

    private void AddOptions(ParseResult parsed, Dictionary<string, Action<Utf8JsonWriter>> fields)
    {
        void AddText(string name, Option<string?> option)
        {
            if (parsed.GetValue(option) is { } text)
            {
                fields[name] = json => json.WriteStringValue(text);
            }
        }

        AddText("currency", _currency);
        AddText("share", _share);
        AddText("rounding", _rounding);
        if (parsed.GetValue(_component) is { } component)
        {
            fields["component"] = JsonInput.Parse("--component", component).WriteTo;
        }

        if (new[] { _quantity, _events, _cells }.Any(option => parsed.GetValue(option) is not null))
        {
            // Usage on the command line stands instead of the file's, whatever form that has.
            Array.ForEach(["quantity", "events", "cells"], name => fields.Remove(name));
        }

        AddText("quantity", _quantity);
        AddList(parsed, fields, "events", _events);
        AddList(parsed, fields, "cells", _cells);
        AddAlready(parsed.GetValue(_already), parsed.GetValue(_alreadyAmount), fields);
        if (parsed.GetValue(_open))
        {
            fields["closing"] = json => json.WriteBooleanValue(false);
        }
    }

    private static void AddList(ParseResult parsed, Dictionary<string, Action<Utf8JsonWriter>> fields, string name, Option<string?> option)
    {
        if (parsed.GetValue(option) is { } text)
        {
            fields[name] = JsonInput.ParseAny(option.Name, text).WriteTo;
        }
    }

    private static void AddAlready(string? quantity, string? amount, Dictionary<string, Action<Utf8JsonWriter>> fields)
    {
        if (quantity is null && amount is null)
        {
            return;
        }

        fields["already"] = json =>
        {
            json.WriteStartObject();
            json.WriteString("quantity", quantity);
            json.WriteString("amount", amount);
            json.WriteEndObject();
        };
    }

    private static void Write(Utf8JsonWriter json, Dictionary<string, Action<Utf8JsonWriter>> fields)
    {
        json.WriteStartObject();
        foreach ((string name, Action<Utf8JsonWriter> write) in fields)
        {
            json.WritePropertyName(name);
            write(json);
        }

        json.WriteEndObject();
    }
}
