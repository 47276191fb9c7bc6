namespace Metering.Billing;

/// <summary>Why something is refused, and where: the field as a path, <c>component.tiers[1].up_to</c>.</summary>
public readonly record struct Problem(string Path, string Reason)
{
    public override string ToString() => Path.Length == 0 ? Reason : $"{Path}: {Reason}";
}
