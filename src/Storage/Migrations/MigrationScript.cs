using System.Reflection;
using System.Security.Cryptography;
using System.Text;

namespace Metering.Storage.Migrations;

/// <summary>One numbered SQL file of this assembly. A file that was ever applied is never edited.</summary>
public sealed record MigrationScript(int Version, string Name, string Sql)
{
    public string Checksum { get; } = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Sql)));

    /// <summary>The files of one folder of this project, in order.</summary>
    internal static IReadOnlyList<MigrationScript> Of(string folder)
    {
        Assembly assembly = typeof(MigrationScript).Assembly;
        string prefix = $"{assembly.GetName().Name}.{folder}.Migrations.";
        return [.. assembly.GetManifestResourceNames()
            .Where(name => name.StartsWith(prefix, StringComparison.Ordinal))
            .Select(name => Read(assembly, name, name[prefix.Length..]))
            .OrderBy(script => script.Version)];
    }

    /// <summary>The statements, split at a semicolon that ends a line.</summary>
    public IEnumerable<string> Statements() =>
        Sql.Split(";\n", StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    private static MigrationScript Read(Assembly assembly, string resource, string name)
    {
        using Stream stream = assembly.GetManifestResourceStream(resource)!;
        using StreamReader reader = new(stream, Encoding.UTF8);
        return new MigrationScript(int.Parse(name.AsSpan(0, 4), System.Globalization.CultureInfo.InvariantCulture), name, reader.ReadToEnd());
    }
}

/// <summary>The database was migrated by another version of this program, or a migration failed. The process must not go on.</summary>
public sealed class MigrationException(string message, Exception? inner = null) : Exception(message, inner);
