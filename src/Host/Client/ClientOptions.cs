using System.CommandLine;
using Metering.Host.Settings;

namespace Metering.Host.Client;

/// <summary>The options of every command that talks to a running server: which one, and as whom.</summary>
internal sealed class ClientOptions
{
    public const string DefaultServer = "http://127.0.0.1:8888";
    private const string ServerVariable = "METERING_SERVER";
    private const string ApiKeyVariable = "METERING_API_KEY";

    private readonly Option<string?> _server = new("--server") { Description = $"The server (default {DefaultServer}; environment {ServerVariable})", HelpName = "URL" };
    private readonly Option<string?> _apiKey = new("--api-key") { Description = $"The API key (environment {ApiKeyVariable})", HelpName = "KEY" };
    private readonly Option<string?> _tenant = new("--tenant") { Description = "The tenant, on a server that needs no API key (default: default)", HelpName = "NAME" };

    public void AddTo(Command command)
    {
        command.Options.Add(_server);
        command.Options.Add(_apiKey);
        command.Options.Add(_tenant);
    }

    /// <exception cref="SettingsException">The server's address is no URL.</exception>
    public MeteringClient Connect(ParseResult parsed) => new(
        Address(parsed.GetValue(_server) ?? Variable(ServerVariable) ?? DefaultServer),
        parsed.GetValue(_apiKey) ?? Variable(ApiKeyVariable),
        parsed.GetValue(_tenant));

    private static Uri Address(string text) => Uri.TryCreate(text, UriKind.Absolute, out Uri? uri) && uri.Scheme is "http" or "https"
        ? new Uri(text.TrimEnd('/') + "/")
        : throw new SettingsException($"--server {text}: expected a URL such as {DefaultServer}.");

    private static string? Variable(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;
}
