using System.Text.Json;
using System.Text.Json.Nodes;
using Metering.Billing.Tests.Rating.SecondOpinion;
using Metering.Billing.Tests.Runs.Life;

namespace Metering.BillingCore.Tests.Runs.Model;

/// <summary>What a life is made of, as requests have it.</summary>
internal static class ModelCatalog
{
    public const string Trial = "try";

    /// <summary>Version 1 of a price book; the first plan begins with a trial.</summary>
    public static string Book(IReadOnlyList<LifePlan> plans) => JsonSerializer.Serialize(new
    {
        currency = "USD",
        effective_from = "2020-01-01T00:00:00Z",
        plans = plans.Select((plan, i) => new
        {
            key = plan.Name,
            product = "api",
            phases = i == 0 ? [Phase(Trial, plan, isTrial: true), Phase("main", plan, isTrial: false)] : new[] { Phase("main", plan, isTrial: false) },
            commitments = plan.Commitment is { } promise
                ? new[] { new { key = promise.Key, amount = promise.Amount, components = promise.Components, on_early_end = promise.IsFull ? "full" : "share" } }
                : [],
        }),
    });

    /// <summary>A commitment is to components of its plan.</summary>
    public static LifePlan Published(LifePlan plan) =>
        plan.Commitment is not { } promise || promise.Components.Where(key => plan.Find(key) is not null).ToArray() is not { } there ? plan
        : plan with { Commitment = there.Length == 0 ? null : promise with { Components = there } };

    public static string Customer(string zone, bool isTaxable) => JsonSerializer.Serialize(new { name = "C", zone, tax_status = isTaxable ? "taxable" : "reverse_charge" });

    public static string Tax(LifeTaxRule rule) => Body(json =>
    {
        json["percent"] = rule.Rate.Percent;
        json["inclusive"] = rule.Rate.IsInclusive;
        json["valid_from"] = Text(rule.ValidFrom);
        if (rule.Category.Length > 0)
        {
            json["category"] = rule.Category;
        }
    });

    public static string Discount(LifeDiscount discount) => Body(json =>
    {
        if (discount.Percent is { } percent)
        {
            json["percent"] = percent;
        }
        else
        {
            json["amount"] = discount.Amount;
            json["currency"] = "USD";
        }

        if (discount.Periods is { } periods)
        {
            json["periods"] = periods;
        }

        if (discount.Components is { } components)
        {
            json["components"] = JsonSerializer.SerializeToNode(components);
        }
    });

    public static string Subscription(LifePlan plan, int seats, DateTimeOffset start, LifeAnchor anchor, DateTimeOffset? trialEnd) => Body(json =>
    {
        json["customer"] = "c";
        json["price_book"] = "standard";
        json["plan"] = plan.Name;
        json["start"] = Text(start);
        json["anchor"] = anchor.Kind == "day" ? $"day {anchor.Day}" : anchor.Kind;
        json["quantities"] = Quantities(plan, seats);
        if (trialEnd is { } end)
        {
            json["trial_end"] = Text(end);
        }
        else
        {
            json["skip_trial"] = true;
        }
    });

    /// <param name="at">now, period_end or an instant.</param>
    public static string Change(LifePlan plan, int seats, string at) => Body(json =>
    {
        json["plan"] = plan.Name;
        json["quantities"] = Quantities(plan, seats);
        json["at"] = at;
    });

    public static string Body(Action<JsonObject> write)
    {
        JsonObject json = [];
        write(json);
        return json.ToJsonString();
    }

    public static string Text(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", System.Globalization.CultureInfo.InvariantCulture);

    private static JsonObject Quantities(LifePlan plan, int seats) => plan.Find("seats") is null ? [] : new JsonObject { ["seats"] = $"{seats}" };

    private static JsonObject Phase(string key, LifePlan plan, bool isTrial)
    {
        JsonObject phase = new() { ["key"] = key, ["components"] = new JsonArray([.. plan.Items.Select(Component)]) };
        if (isTrial)
        {
            phase["trial"] = true;
            phase["length"] = new JsonObject { ["unit"] = "day", ["count"] = 50 };
        }

        return phase;
    }

    private static JsonObject Component(LifeItem item)
    {
        JsonObject json = new()
        {
            ["key"] = item.Component,
            ["price"] = JsonNode.Parse(new PlainCase { Currency = "USD", Component = item.Price }.ToJson())!["component"]!.DeepClone(),
            ["interval"] = new JsonObject { ["unit"] = item.Unit, ["count"] = item.Count },
            ["prorate"] = item.Proration,
        };
        json[item.Timing == "usage" ? "meter" : "timing"] = item.Timing == "usage" ? item.Component : item.Timing;
        if (item.Category.Length > 0)
        {
            json["tax_category"] = item.Category;
        }

        return json;
    }
}
