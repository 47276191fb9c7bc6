using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Metering.Host.Import;

/// <param name="Rows">This many rows from the start are done.</param>
internal sealed record ResumePoint(string FileSha256, string Settings, long Rows, long Accepted, long Refused);

/// <summary>
/// Remembers beside the file how far its import is. It only saves time: sending rows again counts nothing twice. So a file that has changed, or
/// another mapping, simply starts at the beginning.
/// </summary>
internal sealed class ResumeFile(string dataFile, string fileHash, string settings)
{
    private readonly string _path = dataFile + ".metering-progress";

    public static async Task<ResumeFile> OpenAsync(ImportSettings settings, CancellationToken cancellationToken)
    {
        await using FileStream stream = File.OpenRead(settings.File);
        return new ResumeFile(
            settings.File + (settings.Part.Count == 1 ? "" : $".{settings.Part.Number}-of-{settings.Part.Count}"),
            Convert.ToHexStringLower(await SHA256.HashDataAsync(stream, cancellationToken)),
            Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(settings.Describe()))));
    }

    /// <summary>Null when there is nothing to go on from.</summary>
    public ResumePoint? Read()
    {
        try
        {
            ResumePoint? point = File.Exists(_path) ? JsonSerializer.Deserialize(File.ReadAllText(_path), ResumeJson.Default.ResumePoint) : null;
            return point?.FileSha256 == fileHash && point.Settings == settings ? point : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    public void Write(long rows, long accepted, long refused)
    {
        string temporary = _path + ".new";
        File.WriteAllText(temporary, JsonSerializer.Serialize(new ResumePoint(fileHash, settings, rows, accepted, refused), ResumeJson.Default.ResumePoint));
        File.Move(temporary, _path, overwrite: true);
    }

    public void Delete() => File.Delete(_path);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(ResumePoint))]
internal sealed partial class ResumeJson : JsonSerializerContext;
