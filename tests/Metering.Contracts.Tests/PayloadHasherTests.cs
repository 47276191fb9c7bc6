using System.Text;
using System.Text.Json;
using Xunit;

namespace Metering.Contracts.Tests;

public class PayloadHasherTests
{
    [Theory]
    [InlineData("""{"a":1,"b":[1,2]}""", """ { "b" : [1.0, 20e-1], "a" : 1e0 } """)]
    [InlineData("""{"a":"é"}""", """{"a":"\u00e9"}""")]
    [InlineData("""{"a":0}""", """{"a":-0.00}""")]
    [InlineData("""{"a":{"x":1,"y":2}}""", """{"a":{"y":2,"x":1}}""")]
    [InlineData("1000", "1e3")]
    [InlineData("0.001", "1E-3")]
    public void The_form_does_not_matter(string one, string other) => Assert.Equal(Hash(one), Hash(other));

    [Theory]
    [InlineData("""{"a":1}""", """{"a":"1"}""")]
    [InlineData("""{"a":1}""", """{"a":-1}""")]
    [InlineData("""{"a":1}""", """{"a":10}""")]
    [InlineData("""{"a":1,"b":2}""", """{"a":2,"b":1}""")]
    [InlineData("[1,2]", "[2,1]")]
    [InlineData("""{"a":null}""", "{}")]
    [InlineData("""{"a":{"b":1}}""", """{"a":1,"b":1}""")]
    [InlineData("""{"a":true}""", """{"a":false}""")]
    [InlineData("[]", "{}")]
    [InlineData("[[1],2]", "[[1,2]]")]
    public void The_content_does(string one, string other) => Assert.NotEqual(Hash(one), Hash(other));

    [Theory]
    [InlineData("""{"a":1,"a":1}""", PayloadProblem.DuplicateKey)]
    [InlineData("""{"a":1,"\u0061":1}""", PayloadProblem.DuplicateKey)]
    [InlineData("""{"x":{"a":1,"b":{},"a":1}}""", PayloadProblem.DuplicateKey)]
    [InlineData("""{"x":{"a":1},"y":{"a":1}}""", PayloadProblem.None)]
    [InlineData("""{"x":"\ud800"}""", PayloadProblem.LoneSurrogate)]
    [InlineData("""{"x":"\udc00"}""", PayloadProblem.LoneSurrogate)]
    [InlineData("""{"x":"\ud83d\ud83d\ude00"}""", PayloadProblem.LoneSurrogate)]
    [InlineData("""{"x":"\ud83d\ude00\n"}""", PayloadProblem.None)]
    [InlineData("""{"x":"\\ud800"}""", PayloadProblem.None)]
    public void Ambiguous_texts_are_named(string json, PayloadProblem expected)
    {
        Utf8JsonReader reader = new(Encoding.UTF8.GetBytes(json));
        reader.Read();
        Assert.Equal(expected, new PayloadHasher().TryHash(ref reader, out _));
    }

    [Fact]
    public void Nothing_is_allocated_once_warm()
    {
        byte[] json = """{"model":"gpt-4o","tokens":{"in":1200,"out":35.5},"tags":["a","b"],"note":"a\nb"}"""u8.ToArray();
        PayloadHasher hasher = new();
        HashOnce(hasher, json);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1000; i++)
        {
            HashOnce(hasher, json);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private static void HashOnce(PayloadHasher hasher, byte[] json)
    {
        Utf8JsonReader reader = new(json);
        reader.Read();
        hasher.TryHash(ref reader, out _);
    }

    private static ulong Hash(string json)
    {
        Utf8JsonReader reader = new(Encoding.UTF8.GetBytes(json));
        reader.Read();
        Assert.Equal(PayloadProblem.None, new PayloadHasher().TryHash(ref reader, out ulong hash));
        return hash;
    }
}
