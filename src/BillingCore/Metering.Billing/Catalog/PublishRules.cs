namespace Metering.Billing.Catalog;

/// <summary>What a price book must be to be published.</summary>
public static class PublishRules
{
    /// <summary>All problems, each with the field's path. Empty: the book may be published.</summary>
    public static List<Problem> Check(PriceBook book)
    {
        List<Problem> problems = [];
        ProblemList at = new(problems, "");
        at.RefuseIf(book.EffectiveFrom.UtcTicks % TimeSpan.TicksPerMinute != 0, "effective_from", "must be a whole minute");
        CheckKeys(book.Products, product => product.Key, "products", at);
        CheckKeys(book.Plans, plan => plan.Key, "plans", at);
        for (int i = 0; i < book.Plans.Count; i++)
        {
            Plan plan = book.Plans[i];
            ProblemList here = at.At("plans", i);
            here.RefuseIf(book.Products.All(product => product.Key != plan.Product), "product", $"'{plan.Product}' is not among the products");
            CheckPlan(plan, here);
        }

        return problems;
    }

    /// <summary>
    /// Components that could bill the same event, for the components of a plan at publish and for those of all plans and add-ons that a
    /// customer would have together at subscribe.
    /// </summary>
    public static List<Problem> CheckOverlaps(IReadOnlyList<Component> components)
    {
        List<Problem> problems = [];
        CheckOverlaps(components, new ProblemList(problems, ""));
        return problems;
    }

    private static void CheckPlan(Plan plan, ProblemList at)
    {
        CheckKeys(plan.Components, component => component.Key, "components", at);
        for (int i = 0; i < plan.Components.Count; i++)
        {
            Component component = plan.Components[i];
            ProblemList here = at.At("components", i);
            here.RefuseIf(component.Source is null && component.Price is not (FlatPrice or LicensedPrice), "source", "is required: the price is of usage");
            here.RefuseIf(component.Source is not null && component.Price is FlatPrice, "source", "must be absent: a flat price has no usage");
            ComponentRules.CheckComponent(component, here);
        }

        CheckOverlaps(plan.Components, at);
        CheckCommitments(plan, at);
    }

    private static void CheckOverlaps(IReadOnlyList<Component> components, ProblemList at)
    {
        for (int i = 0; i < components.Count; i++)
        {
            for (int j = 0; j < i; j++)
            {
                at.RefuseIf(
                    components[i].Source is { } source && components[j].Source is { } other && source.CanShareAnEventWith(other),
                    $"components[{i}].source",
                    $"can take an event that '{components[j].Key}' bills: no event is billed twice");
            }
        }
    }

    private static void CheckCommitments(Plan plan, ProblemList at)
    {
        CheckKeys(plan.Commitments, commitment => commitment.Key, "commitments", at);
        for (int i = 0; i < plan.Commitments.Count; i++)
        {
            Commitment commitment = plan.Commitments[i];
            ProblemList here = at.At("commitments", i);
            here.RefuseNegative("amount", commitment.Amount);
            here.RefuseFine("amount", commitment.Amount);
            here.RefuseIf(commitment.Components.Count == 0, "components", "must name at least one component");
            foreach (string key in commitment.Components.Where(key => plan.Components.All(component => component.Key != key)))
            {
                here.Refuse("components", $"'{key}' is not a component of the plan");
            }
        }
    }

    private static void CheckKeys<T>(IReadOnlyList<T> items, Func<T, string> keyOf, string name, ProblemList at)
    {
        HashSet<string> seen = new(StringComparer.Ordinal);
        for (int i = 0; i < items.Count; i++)
        {
            at.RefuseIf(keyOf(items[i]).Length == 0, $"{name}[{i}].key", "is required");
            at.RefuseIf(!seen.Add(keyOf(items[i])), $"{name}[{i}].key", $"'{keyOf(items[i])}' is used twice");
        }
    }
}
