namespace Metering.Host.Doctor;

/// <summary>What one check found.</summary>
/// <param name="Remedy">What to do about it; null when all is well.</param>
internal sealed record Finding(string What, string Text, string? Remedy)
{
    public static Finding Good(string what, string text) => new(what, text, null);

    public static Finding Bad(string what, string text, string remedy) => new(what, text, remedy);
}
