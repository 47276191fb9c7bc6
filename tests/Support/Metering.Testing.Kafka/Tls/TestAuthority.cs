using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Metering.Testing.Kafka.Tls;

/// <summary>A certificate authority of a test. Its files, PEM, are in a folder that goes with it.</summary>
public sealed class TestAuthority : IDisposable
{
    private const string ServerUse = "1.3.6.1.5.5.7.3.1", ClientUse = "1.3.6.1.5.5.7.3.2";

    private static readonly TimeSpan s_age = TimeSpan.FromHours(1);
    private static readonly TimeSpan s_day = TimeSpan.FromDays(1);

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("metering-ca-");
    private readonly DateTimeOffset _from;

    public TestAuthority(string name = "Test CA")
    {
        _from = TimeProvider.System.GetUtcNow() - s_age;
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: true, pathLengthConstraint: 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, critical: true));
        Certificate = request.CreateSelfSigned(_from, _from.AddDays(2));
        File = Write("ca.pem", Certificate.ExportCertificatePem());
    }

    public X509Certificate2 Certificate { get; }

    /// <summary>The authority's certificate.</summary>
    public string File { get; }

    /// <summary>For a server at an address of this machine.</summary>
    public X509Certificate2 ForServer(IPAddress address) => Issue("broker", ServerUse, names => names.AddIpAddress(address), s_day);

    /// <summary>The same, but it has expired.</summary>
    public X509Certificate2 ExpiredForServer(IPAddress address) => Issue("broker", ServerUse, names => names.AddIpAddress(address), s_age / 2);

    /// <summary>For a server of that name.</summary>
    public X509Certificate2 ForServer(string name) => Issue("broker", ServerUse, names => names.AddDnsName(name), s_day);

    /// <returns>The files of a client's certificate and its key.</returns>
    public (string Certificate, string Key) ForClient(string name, string? keyPassword = null)
    {
        using X509Certificate2 certificate = Issue(name, ClientUse, names => names.AddDnsName(name), s_day);
        using ECDsa key = certificate.GetECDsaPrivateKey()!;
        PbeParameters encryption = new(PbeEncryptionAlgorithm.Aes256Cbc, HashAlgorithmName.SHA256, 2048);
        return (
            Write($"{name}.pem", certificate.ExportCertificatePem()),
            Write($"{name}.key", keyPassword is null ? key.ExportPkcs8PrivateKeyPem() : key.ExportEncryptedPkcs8PrivateKeyPem(keyPassword, encryption)));
    }

    public void Dispose()
    {
        Certificate.Dispose();
        _folder.Delete(recursive: true);
    }

    private X509Certificate2 Issue(string name, string use, Action<SubjectAlternativeNameBuilder> addNames, TimeSpan life)
    {
        SubjectAlternativeNameBuilder names = new();
        addNames(names);
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: false, hasPathLengthConstraint: false, pathLengthConstraint: 0, critical: true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(use)], critical: false));
        request.CertificateExtensions.Add(names.Build());
        using X509Certificate2 signed = request.Create(Certificate, _from, _from + life, RandomNumberGenerator.GetBytes(8));
        return signed.CopyWithPrivateKey(key);
    }

    private string Write(string name, string pem)
    {
        string path = Path.Combine(_folder.FullName, name);
        System.IO.File.WriteAllText(path, pem);
        return path;
    }
}
