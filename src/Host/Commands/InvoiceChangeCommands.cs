using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Metering.Host.Client;
using Metering.Host.Invoices;
using Metering.Host.Settings;

namespace Metering.Host.Commands;

/// <summary>What people do to an invoice.</summary>
internal static class InvoiceChangeCommands
{
    public static Command Pay()
    {
        Argument<string> id = Id();
        Option<string> amount = new("--amount") { Description = "In the invoice's currency", HelpName = "AMOUNT", Required = true };
        Option<string> reference = new("--reference") { Description = "Your own name for the payment. The same one again pays nothing more", HelpName = "TEXT", Required = true };
        Option<string?> method = new("--method") { Description = "bank (default), or clearing for money that a provider pays out later", HelpName = "NAME" };
        return ClientCommand.Create("pay", """
            Record a payment, whole or in part. What is more than remains is the customer's credit.

            Examples:
              metering invoices pay inv_… --amount 72.00 --reference wire-2026-001
            """, [id, amount, reference, method], async (client, parsed, token) =>
        {
            string body = Body(json =>
            {
                json.WriteString("amount", parsed.GetValue(amount));
                json.WriteString("reference", parsed.GetValue(reference));
                json.WriteString("method", parsed.GetValue(method));
            });
            using JsonDocument payment = await new InvoiceClient(client).PostAsync(parsed.GetValue(id)!, "payments", body, token);
            Console.WriteLine($"{Field(payment, "id")}: {Field(payment, "applied")} paid, {Field(payment, "excess")} to the customer's credit.");
            return ExitCode.Success;
        });
    }

    public static Command Credit()
    {
        Argument<string> id = Id();
        Option<string> reason = Reason();
        Option<string[]> lines = new("--line") { Description = "A line and how much of it, before tax; without: all that is left of the invoice", HelpName = "N=AMOUNT", AllowMultipleArgumentsPerToken = true };
        Option<bool> refund = new("--refund") { Description = "Send back what reduces nothing, instead of keeping it as customer credit" };
        Option<string?> reference = new("--reference") { Description = "Your own name for the credit note. The same one again credits nothing more", HelpName = "TEXT" };
        return ClientCommand.Create("credit", """
            Issue a credit note: it reduces what is open, then gives back.

            Examples:
              metering invoices credit inv_… --reason 'outage on 3 May' --line 1=20.00
              metering invoices credit inv_… --reason 'cancelled' --refund
            """, [id, reason, lines, refund, reference], async (client, parsed, token) =>
        {
            string body = Body(json =>
            {
                json.WriteString("reason", parsed.GetValue(reason));
                json.WriteString("reference", parsed.GetValue(reference));
                json.WriteBoolean("refund", parsed.GetValue(refund));
                WriteLines(json, parsed.GetValue(lines) ?? []);
            });
            using JsonDocument note = await new InvoiceClient(client).PostAsync(parsed.GetValue(id)!, "credit-notes", body, token);
            Console.WriteLine($"{Field(note, "number")} ({Field(note, "id")}): {Field(note, "total")}, of which {Field(note, "reduced")} off what was open.");
            return ExitCode.Success;
        });
    }

    public static Command Void()
    {
        Argument<string> id = Id();
        Option<string> reason = Reason();
        Option<bool> waive = new("--waive") { Description = "What it billed is not billed again" };
        return ClientCommand.Create("void", """
            Void an invoice that nobody has paid: everything it did is taken back, and what it billed is billed again, unless it is waived.

            Examples:
              metering invoices void inv_… --reason 'wrong plan'
              metering invoices void inv_… --reason goodwill --waive
            """, [id, reason, waive], (client, parsed, token) => CloseAsync(client, parsed.GetValue(id)!, "void", json =>
        {
            json.WriteString("reason", parsed.GetValue(reason));
            json.WriteBoolean("waive", parsed.GetValue(waive));
        }, token));
    }

    public static Command WriteOff()
    {
        Argument<string> id = Id();
        Option<string> reason = Reason();
        return ClientCommand.Create("write-off", """
            Write off what remains of an invoice. A payment that comes all the same is taken.

            Examples:
              metering invoices write-off inv_… --reason insolvent
            """, [id, reason], (client, parsed, token) => CloseAsync(client, parsed.GetValue(id)!, "write-off", json => json.WriteString("reason", parsed.GetValue(reason)), token));
    }

    private static async Task<int> CloseAsync(MeteringClient client, string id, string action, Action<Utf8JsonWriter> write, CancellationToken cancellationToken)
    {
        using JsonDocument invoice = await new InvoiceClient(client).PostAsync(id, action, Body(write), cancellationToken);
        Console.WriteLine($"{Field(invoice, "number")} ({Field(invoice, "id")}) is {Field(invoice, "state")}.");
        return ExitCode.Success;
    }

    private static void WriteLines(Utf8JsonWriter json, string[] lines)
    {
        if (lines.Length == 0)
        {
            return;
        }

        json.WriteStartArray("lines");
        foreach (string line in lines)
        {
            string[] parts = line.Split('=', 2);
            if (!int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out int number))
            {
                throw new SettingsException($"--line {line}: expected N=AMOUNT, such as 1=20.00, or N for all of the line.");
            }

            json.WriteStartObject();
            json.WriteNumber("line", number);
            json.WriteString("amount", parts.Length == 2 ? parts[1] : null);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static string Body(Action<Utf8JsonWriter> write) => JsonText.Write(json =>
    {
        json.WriteStartObject();
        write(json);
        json.WriteEndObject();
    });

    private static Argument<string> Id() => new("ID") { Description = "Of the invoice: inv_…" };

    private static Option<string> Reason() => new("--reason") { Description = "Why, for people and for the audit log", HelpName = "TEXT", Required = true };

    private static string Field(JsonDocument document, string name) => JsonText.Member(document.RootElement, name);
}
