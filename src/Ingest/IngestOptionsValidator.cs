using Microsoft.Extensions.Options;

namespace Metering.Ingest;

/// <summary>The ranges of the attributes. A wrong value stops the process at start, with the field named.</summary>
[OptionsValidator]
internal sealed partial class IngestOptionsValidator : IValidateOptions<IngestOptions>;

/// <summary>Combinations that would break a promise.</summary>
internal sealed class IngestOptionsRules : IValidateOptions<IngestOptions>
{
    public ValidateOptionsResult Validate(string? name, IngestOptions options)
    {
        if (options.MaxBodyBytes > options.MaxInFlightBytes)
        {
            return ValidateOptionsResult.Fail("MaxBodyBytes must not exceed MaxInFlightBytes: such a body could never be read.");
        }

        return options.MaxEventBytes > options.MaxBodyBytes
            ? ValidateOptionsResult.Fail("MaxEventBytes must not exceed MaxBodyBytes.")
            : ValidateOptionsResult.Success;
    }
}
