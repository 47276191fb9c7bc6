using System.Text.Json;
using System.Text.RegularExpressions;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;
using YamlScalar = YamlDotNet.Core.Events.Scalar;

namespace Metering.Host.Catalog;

/// <summary>JSON as YAML that <see cref="YamlCatalog"/> reads back to the same JSON.</summary>
internal static partial class YamlText
{
    /// <summary>An object that is no longer than this, and has no key of its own, is written on one line.</summary>
    private const int MaxFlow = 100;

    private static readonly EmitterSettings s_settings = new EmitterSettings(bestIndent: 2, bestWidth: int.MaxValue, isCanonical: false, maxSimpleKeyLength: 1024).WithIndentedSequences();

    public static string Of(JsonElement element)
    {
        using StringWriter text = new() { NewLine = "\n" };
        Emitter emitter = new(text, s_settings);
        emitter.Emit(new StreamStart());
        emitter.Emit(new DocumentStart());
        Write(emitter, element);
        emitter.Emit(new DocumentEnd(isImplicit: true));
        emitter.Emit(new StreamEnd());
        return text.ToString();
    }

    private static void Write(Emitter emitter, JsonElement element)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.Object:
                WriteObject(emitter, element);
                break;
            case JsonValueKind.Array:
                WriteList(emitter, element);
                break;
            case JsonValueKind.String:
                WriteString(emitter, element.GetString()!);
                break;
            default:
                emitter.Emit(new YamlScalar(element.GetRawText()));
                break;
        }
    }

    private static void WriteObject(Emitter emitter, JsonElement element)
    {
        emitter.Emit(new MappingStart(AnchorName.Empty, TagName.Empty, isImplicit: true, FitsOneLine(element) ? MappingStyle.Flow : MappingStyle.Block));
        foreach (JsonProperty field in element.EnumerateObject())
        {
            WriteString(emitter, field.Name);
            Write(emitter, field.Value);
        }

        emitter.Emit(new MappingEnd());
    }

    private static void WriteList(Emitter emitter, JsonElement element)
    {
        bool isPlain = element.EnumerateArray().All(IsScalar);
        emitter.Emit(new SequenceStart(AnchorName.Empty, TagName.Empty, isImplicit: true, isPlain ? SequenceStyle.Flow : SequenceStyle.Block));
        foreach (JsonElement item in element.EnumerateArray())
        {
            Write(emitter, item);
        }

        emitter.Emit(new SequenceEnd());
    }

    private static void WriteString(Emitter emitter, string text)
    {
        bool isPlain = Plain().IsMatch(text) && !YamlCatalog.IsNull(text) && text is not ("true" or "false");
        emitter.Emit(new YamlScalar(AnchorName.Empty, TagName.Empty, text, isPlain ? ScalarStyle.Plain : ScalarStyle.DoubleQuoted, isPlainImplicit: isPlain, isQuotedImplicit: true));
    }

    private static bool FitsOneLine(JsonElement element) =>
        element.EnumerateObject().All(field => IsScalar(field.Value) && !field.NameEquals("key")) && element.GetRawText().Length <= MaxFlow;

    private static bool IsScalar(JsonElement element) => element.ValueKind is not (JsonValueKind.Object or JsonValueKind.Array);

    /// <summary>What no reader of YAML takes for anything else than one text or number: words with single blanks between them.</summary>
    [GeneratedRegex(@"^-?[A-Za-z0-9_]([A-Za-z0-9_./+:-]*[A-Za-z0-9_./+-])?( [A-Za-z0-9_./+()%]+)*\z")]
    private static partial Regex Plain();
}
