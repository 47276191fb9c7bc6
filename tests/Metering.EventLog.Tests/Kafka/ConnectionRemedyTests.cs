using Metering.EventLog.Kafka;
using Xunit;

namespace Metering.EventLog.Tests.Kafka;

/// <summary>Words of the client that the simulated brokers do not bring about: those about the alerts of OpenSSL's server, and about brokers that are just away.</summary>
public sealed class ConnectionRemedyTests
{
    private static readonly KafkaSecurityOptions s_tls = new() { Tls = true };

    [Theory]
    [InlineData("ssl://a:1/bootstrap: Receive failed: error:0A00045C:SSL routines::tlsv13 alert certificate required: SSL alert number 116 (after 0ms in state APIVERSION_QUERY)")]
    [InlineData("ssl://a:1/bootstrap: SSL handshake failed: error:0A000410:SSL routines::ssl/tls alert handshake failure: SSL alert number 40 (after 1ms in state SSL_HANDSHAKE)")]
    [InlineData("ssl://a:1/bootstrap: error:0A000418:SSL routines::tlsv1 alert unknown ca: SSL alert number 48 (after 1ms in state SSL_HANDSHAKE)")]
    public void An_alert_points_to_the_clients_certificate(string trouble)
    {
        Assert.StartsWith("Brokers that ask for a certificate need Security.CertificateLocation", ConnectionRemedy.For(trouble, s_tls), StringComparison.Ordinal);
        KafkaSecurityOptions certified = new() { Tls = true, CertificateLocation = "me.pem", KeyLocation = "me.key" };
        Assert.StartsWith("The brokers must trust the CA of Security.CertificateLocation", ConnectionRemedy.For(trouble, certified), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("a:1/bootstrap: Connect to ipv4#127.0.0.1:1 failed: Connection refused (after 0ms in state CONNECT)")]
    [InlineData("a:1/bootstrap: Failed to resolve 'a:1': Name or service not known (after 1ms in state CONNECT)")]
    [InlineData("a:1/1: Disconnected: connection closed by peer: receive 0 after POLLIN (after 86400000ms in state UP)")]
    public void A_broker_that_is_away_is_no_matter_of_settings(string trouble) => Assert.Equal("", ConnectionRemedy.For(trouble, s_tls));

    [Theory]
    [InlineData("kafka.example", "ca.pem", "openssl s_client -connect kafka.example:9093 -CAfile ca.pem -verify_hostname kafka.example")]
    [InlineData("10.0.0.1", null, "openssl s_client -connect 10.0.0.1:9093 -verify_ip 10.0.0.1")]
    public void A_certificate_that_is_not_believed_comes_with_the_command_that_says_why(string host, string? authority, string command)
    {
        string trouble = $"sasl_ssl://{host}:9093/bootstrap: error:0A000086:SSL routines::certificate verify failed (after 1ms in state SSL_HANDSHAKE)";
        Assert.EndsWith(command, ConnectionRemedy.For(trouble, new KafkaSecurityOptions { Tls = true, CaLocation = authority }), StringComparison.Ordinal);
    }
}
