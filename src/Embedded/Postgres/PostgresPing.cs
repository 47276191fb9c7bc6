using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Metering.Embedded.Postgres;

/// <summary>Says hello in PostgreSQL's protocol: a server that asks for a password is ready, one that still recovers answers an error.</summary>
internal static class PostgresPing
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    public static async Task<bool> AnswersAsync(IPEndPoint endpoint, CancellationToken cancellationToken)
    {
        using CancellationTokenSource timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(Patience);
        using Socket socket = new(endpoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await socket.ConnectAsync(endpoint, timeout.Token).ConfigureAwait(false);
            await socket.SendAsync(Hello(), timeout.Token).ConfigureAwait(false);
            byte[] answer = new byte[1];
            int read = await socket.ReceiveAsync(answer, timeout.Token).ConfigureAwait(false);
            return read == 1 && answer[0] == (byte)'R';
        }
        catch (SocketException)
        {
            return false;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return false;
        }
    }

    private static byte[] Hello()
    {
        byte[] body = Encoding.ASCII.GetBytes($"user\0{PostgresCluster.Role}\0database\0{PostgresCluster.Database}\0\0");
        byte[] message = new byte[8 + body.Length];
        BinaryPrimitives.WriteInt32BigEndian(message, message.Length);
        BinaryPrimitives.WriteInt32BigEndian(message.AsSpan(4), 3 << 16);
        body.CopyTo(message, 8);
        return message;
    }
}
