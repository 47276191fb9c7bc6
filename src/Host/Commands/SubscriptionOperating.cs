using System.CommandLine;
using System.Text.Json;
using Metering.Host.Client;

namespace Metering.Host.Commands;

/// <summary>What can be done to one subscription.</summary>
internal static class SubscriptionOperating
{
    public static Command Plain(string name, string what)
    {
        Argument<string> id = Id();
        return ClientCommand.Create(name, $"""
            {what}

            Examples:
              metering subscriptions {name} sub_01J…
            """, [id], (client, parsed, token) => SendAsync(client, Operation(parsed.GetValue(id)!, name), _ => { }, token));
    }

    public static Command ExtendTrial()
    {
        Argument<string> id = Id();
        Option<string> until = new("--until") { Description = "A minute in UTC", HelpName = "MINUTE", Required = true };
        return ClientCommand.Create("extend-trial", """
            Let a trial last longer.

            Examples:
              metering subscriptions extend-trial sub_01J… --until 2026-05-01T00:00:00Z
            """, [id, until], (client, parsed, token) => SendAsync(client, Operation(parsed.GetValue(id)!, "extend-trial"), json => json.WriteString("until", parsed.GetValue(until)), token));
    }

    public static Command ConvertTrial() => AtOnce("convert-trial", "End a trial: from now on it is paid for.");

    public static Command Resume() => AtOnce("resume", "End a pause.");

    public static Command Pause()
    {
        Argument<string> id = Id();
        Option<string?> at = At("now (default), or a minute in UTC that has passed");
        Option<string?> until = new("--until") { Description = "When it ends by itself (default: when it is resumed)", HelpName = "MINUTE" };
        Option<bool> keep = new("--keep") { Description = "Advance time that is not served stays paid" };
        return ClientCommand.Create("pause", """
            Pause a subscription: nothing is charged, and advance time that is not served is given back.

            Examples:
              metering subscriptions pause sub_01J…
              metering subscriptions pause sub_01J… --until 2026-05-01T00:00:00Z --keep
            """, [id, at, until, keep], (client, parsed, token) => SendAsync(client, Operation(parsed.GetValue(id)!, "pause"), json =>
        {
            json.WriteString("at", parsed.GetValue(at));
            json.WriteString("until", parsed.GetValue(until));
            json.WriteBoolean("keep", parsed.GetValue(keep));
        }, token));
    }

    public static Command Cancel()
    {
        Argument<string> id = Id();
        Option<string?> at = At("now (default), period_end, or a minute in UTC");
        return ClientCommand.Create("cancel", """
            Cancel a subscription. A cancellation that is still to come can be undone.

            Examples:
              metering subscriptions cancel sub_01J… --at period_end
              metering subscriptions undo sub_01J…
            """, [id, at], (client, parsed, token) => SendAsync(client, Operation(parsed.GetValue(id)!, "cancel"), json => json.WriteString("at", parsed.GetValue(at)), token));
    }

    public static Command Follow()
    {
        Argument<string> id = Id();
        Argument<string> by = new("BY") { Description = "Id of the subscription that takes over" };
        return ClientCommand.Create("follow", """
            Say that another subscription takes over when this one ends. Its end can then not be undone.

            Examples:
              metering subscriptions follow sub_01J… sub_01K…
            """, [id, by], (client, parsed, token) => SendAsync(client, Operation(parsed.GetValue(id)!, "follow"), json => json.WriteString("by", parsed.GetValue(by)), token));
    }

    public static Argument<string> Id() => new("SUBSCRIPTION") { Description = "Its id" };

    public static Option<string?> At(string what) => new("--at") { Description = what, HelpName = "WHEN" };

    public static Url Operation(string id, string name) => new("v1", "subscriptions", id, name);

    /// <summary>Sends the request, and says from which minute it holds.</summary>
    /// <param name="write">Writes the fields of the body; null is absent.</param>
    public static async Task<int> SendAsync(MeteringClient client, Url url, Action<Utf8JsonWriter> write, CancellationToken cancellationToken)
    {
        string body = JsonText.Write(json =>
        {
            json.WriteStartObject();
            write(json);
            json.WriteEndObject();
        });
        using JsonDocument done = await client.PostAsync(url.ToString(), body, cancellationToken);
        JsonElement subscription = done.RootElement.GetProperty("subscription");
        Console.WriteLine(JsonText.Indented(subscription));
        await Console.Error.WriteLineAsync($"{JsonText.Member(subscription, "id")} is {JsonText.Member(subscription, "state")}; this holds from {JsonText.Member(done.RootElement, "effective_at")}.");
        return ExitCode.Success;
    }

    private static Command AtOnce(string name, string what)
    {
        Argument<string> id = Id();
        Option<string?> at = At("now (default), or a minute in UTC that has passed");
        return ClientCommand.Create(name, $"""
            {what}

            Examples:
              metering subscriptions {name} sub_01J…
            """, [id, at], (client, parsed, token) => SendAsync(client, Operation(parsed.GetValue(id)!, name), json => json.WriteString("at", parsed.GetValue(at)), token));
    }
}
