using Microsoft.AspNetCore.Http;

namespace Metering.Embedded.ClickHouse.Http;

/// <summary>
/// Anybody may query, and a query can read files: a web page in a browser on this machine must not be "anybody". Browsers name the page's
/// origin on every cross-site POST, and a name that was rebound to 127.0.0.1 shows in the Host.
/// </summary>
internal static class LocalCaller
{
    public static bool Allows(HttpRequest request) => IsLoopback(request.Host.Host) && OriginIsLocal(request);

    private static bool OriginIsLocal(HttpRequest request)
    {
        string? origin = request.Headers.Origin;
        return string.IsNullOrEmpty(origin) || (Uri.TryCreate(origin, UriKind.Absolute, out Uri? page) && IsLoopback(page.Host));
    }

    private static bool IsLoopback(string host) =>
        host.Equals("localhost", StringComparison.OrdinalIgnoreCase)
        || (System.Net.IPAddress.TryParse(host.Trim('[', ']'), out System.Net.IPAddress? address) && System.Net.IPAddress.IsLoopback(address));
}
