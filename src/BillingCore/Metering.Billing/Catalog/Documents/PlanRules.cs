using Metering.Billing.Calculator;

namespace Metering.Billing.Catalog.Documents;

/// <summary>What a plan must be to be published, beyond what each of its fields must be.</summary>
internal static class PlanRules
{
    public static void Check(IReadOnlyList<PhaseDocument> phases, IReadOnlyList<Commitment> commitments, JsonFields plan)
    {
        for (int i = 0; i < phases.Count; i++)
        {
            for (int j = 0; j < phases[i].Components.Count; j++)
            {
                CheckComponent(phases[i].Components[j], $"phases[{i}].components[{j}]", plan);
            }

            CheckOverlaps(phases[i].Components, $"phases[{i}]", plan);
        }

        HashSet<string> keys = [.. phases.SelectMany(phase => phase.Components).Select(one => one.Component.Key)];
        for (int i = 0; i < commitments.Count; i++)
        {
            CheckCommitment(commitments[i], $"commitments[{i}]", keys, plan);
        }
    }

    private static void CheckComponent(ComponentDocument document, string path, JsonFields plan)
    {
        Component component = document.Component;
        bool isUsage = component.Price is not (FlatPrice or LicensedPrice);
        if (isUsage && component.Source is null)
        {
            plan.Refuse($"{path}.meter", "is required: the price is of usage");
        }

        if (component.Price is FlatPrice && component.Source is not null)
        {
            plan.Refuse($"{path}.meter", "must be absent: a flat price has no usage");
        }

        foreach (Problem problem in ComponentRules.Check(component, $"{path}.price"))
        {
            // What feeds a component is beside its price in a document.
            plan.Refuse(problem.Path.Replace(".price.source", ".meter", StringComparison.Ordinal), problem.Reason);
        }
    }

    private static void CheckOverlaps(IReadOnlyList<ComponentDocument> components, string path, JsonFields plan)
    {
        for (int i = 0; i < components.Count; i++)
        {
            for (int j = 0; j < i; j++)
            {
                if (components[i].Component.Source is { } source && components[j].Component.Source is { } other && source.CanShareAnEventWith(other))
                {
                    plan.Refuse($"{path}.components[{i}].meter", $"can take an event that '{components[j].Component.Key}' bills: no event is billed twice");
                }
            }
        }
    }

    private static void CheckCommitment(Commitment commitment, string path, HashSet<string> components, JsonFields plan)
    {
        if (commitment.Amount.Sign < 0)
        {
            plan.Refuse($"{path}.amount", "must not be negative");
        }

        if (commitment.Components.Count == 0)
        {
            plan.Refuse($"{path}.components", "must name at least one component");
        }

        foreach (string key in commitment.Components.Where(key => !components.Contains(key)))
        {
            plan.Refuse($"{path}.components", $"'{key}' is not a component of the plan");
        }
    }
}
