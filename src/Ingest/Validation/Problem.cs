namespace Metering.Ingest.Validation;

/// <summary>Why an event or a body is refused; <see cref="None"/> when it is not. A value, because refusals are expected.</summary>
/// <param name="Code">One of <see cref="Codes"/>.</param>
/// <param name="Message">For people; names the field.</param>
internal readonly record struct Problem(string Code, string Message)
{
    public static Problem None => default;

    public bool IsNone => Code is null;
}
