namespace Metering.Billing.Catalog;

/// <summary>Collects what is refused, each with its path, so that the author hears of everything at once.</summary>
internal sealed class ProblemList(List<Problem> problems, string path)
{
    public ProblemList At(string name) => new(problems, path.Length == 0 ? name : $"{path}.{name}");

    public ProblemList At(string name, int index) => At($"{name}[{index}]");

    public void Refuse(string name, string reason) => problems.Add(new Problem(name.Length == 0 ? path : path.Length == 0 ? name : $"{path}.{name}", reason));

    public void RefuseIf(bool broken, string name, string reason)
    {
        if (broken)
        {
            Refuse(name, reason);
        }
    }

    public void RefuseNegative(string name, Fraction? value) => RefuseIf(value is { Sign: < 0 }, name, "must not be negative");

    /// <summary>Prices and quantities of a catalogue have at most 12 decimals.</summary>
    public void RefuseFine(string name, Fraction? value) =>
        RefuseIf(value is { } number && number.RoundTo(Fraction.MaxInputPlaces, RoundingMode.Down) != number, name, $"has more than {Fraction.MaxInputPlaces} decimals");
}
