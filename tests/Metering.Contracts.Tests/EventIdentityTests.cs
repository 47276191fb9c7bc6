using System.Text;
using Xunit;

namespace Metering.Contracts.Tests;

public class EventIdentityTests
{
    [Fact]
    public void Parts_do_not_run_into_each_other()
    {
        EventIdentity[] all =
        [
            Of("t", "a-b", "c"), Of("t", "a", "b-c"), Of("t", "", "a-b-c"), Of("t", "ab", "c"), Of("t", "a", "bc"), Of("ta", "b", "c"), Of("u", "a", "bc"),
        ];
        Assert.Equal(all.Length, all.Distinct().Count());
    }

    [Fact]
    public void A_correction_is_not_the_event_and_each_key_is_another_correction()
    {
        EventIdentity[] all = [Of("t", "s", "i"), Correction(RecordKind.Void, "k"), Correction(RecordKind.Amend, "k"), Correction(RecordKind.Void, "l"), Correction(RecordKind.Void, "")];
        Assert.Equal(all.Length, all.Distinct().Count());
    }

    /// <summary>Partitions of every stored event hang on these bytes.</summary>
    [Fact]
    public void The_hash_is_golden()
    {
        EventIdentity identity = Of("acme", "api", "ev1");
        byte[] input = [0, 4, 0, 0, 0, .. "acme"u8, 3, 0, 0, 0, .. "api"u8, 3, 0, 0, 0, .. "ev1"u8];
        Assert.Equal(Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(input))[..32], identity.ToString());
        Assert.Equal(identity, EventIdentity.Parse(identity.ToString()));
    }

    [Fact]
    public void Long_parts_hash_like_short_ones() =>
        Assert.NotEqual(Of("t", new string('s', 3000), "i"), Of("t", new string('s', 3001), "i"));

    private static EventIdentity Of(string tenant, string source, string id) =>
        EventIdentity.Of(Encoding.UTF8.GetBytes(tenant), Encoding.UTF8.GetBytes(source), Encoding.UTF8.GetBytes(id));

    private static EventIdentity Correction(RecordKind kind, string key) =>
        EventIdentity.OfCorrection(kind, "t"u8, "s"u8, "i"u8, Encoding.UTF8.GetBytes(key));
}
