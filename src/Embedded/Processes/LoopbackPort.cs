using System.Net;
using System.Net.Sockets;

namespace Metering.Embedded.Processes;

internal static class LoopbackPort
{
    /// <summary>Port 0 becomes a free port; any other is checked, so that "taken" is said by name and before an engine starts.</summary>
    public static IPEndPoint Resolve(string engine, IPEndPoint wanted)
    {
        if (!IPAddress.IsLoopback(wanted.Address))
        {
            throw new EngineException($"{engine} embedded listens on loopback only, not on {wanted}. Run a server of your own to share it.");
        }

        using TcpListener probe = new(wanted);
        try
        {
            probe.Start();
            return (IPEndPoint)probe.LocalEndpoint;
        }
        catch (SocketException exception) when (exception.SocketErrorCode == SocketError.AddressAlreadyInUse)
        {
            throw new EngineException($"Port {wanted.Port} on {wanted.Address} is taken; {engine} needs it. Choose another port, or 0 for any free one.", exception);
        }
    }
}
