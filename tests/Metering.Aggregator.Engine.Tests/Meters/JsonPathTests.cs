using Metering.Aggregator.Engine.Meters;
using Xunit;

namespace Metering.Aggregator.Engine.Tests.Meters;

public class JsonPathTests
{
    [Theory]
    [InlineData("$", "")]
    [InlineData("$.a", "a")]
    [InlineData("$.a.b", "a b")]
    [InlineData("$.a-b", "a-b")]
    [InlineData("$.a_1.é", "a_1 é")]
    [InlineData("$['a']", "a")]
    [InlineData("$[\"a\"]", "a")]
    [InlineData("$['a.b']['c d']", "a.b c d")]
    [InlineData("$['it\\'s']", "it's")]
    [InlineData("$[\"\\\\\"]", "\\")]
    [InlineData("$['']", "")]
    [InlineData("$['*']", "*")]
    [InlineData("$[0]", "#0")]
    [InlineData("$.a[12].b", "a #12 b")]
    [InlineData("$[2147483647]", "#2147483647")]
    public void Paths_to_one_place_are_read(string text, string expected) =>
        Assert.Equal(expected, string.Join(' ', JsonPath.Parse(text).Segments.Select(segment => segment.Name ?? $"#{segment.Index}")));

    [Theory]
    [InlineData("", "it must start with '$'")]
    [InlineData("a", "it must start with '$'")]
    [InlineData(".a", "it must start with '$'")]
    [InlineData("$.", "unexpected end at 2")]
    [InlineData("$a", "unexpected 'a' at 1")]
    [InlineData("$ .a", "unexpected ' ' at 1")]
    [InlineData("$..a", "unexpected '.' at 2")]
    [InlineData("$.a.", "unexpected end at 4")]
    [InlineData("$.*", "unexpected '*' at 2")]
    [InlineData("$.a b", "unexpected ' ' at 3")]
    [InlineData("$.length()", "unexpected '(' at 8")]
    [InlineData("$[*]", "unexpected '[' at 1")]
    [InlineData("$[-1]", "unexpected '[' at 1")]
    [InlineData("$[1:2]", "unexpected '[' at 1")]
    [InlineData("$[0,1]", "unexpected '[' at 1")]
    [InlineData("$[ 0 ]", "unexpected '[' at 1")]
    [InlineData("$[?(@.a)]", "unexpected '[' at 1")]
    [InlineData("$[]", "unexpected '[' at 1")]
    [InlineData("$[", "unexpected '[' at 1")]
    [InlineData("$[0", "unexpected '[' at 1")]
    [InlineData("$[2147483648]", "unexpected '[' at 1")]
    [InlineData("$['a'", "unexpected ''' at 4")]
    [InlineData("$['a", "unexpected end at 4")]
    [InlineData("$['a\\", "unexpected end at 5")]
    [InlineData("$['a\"]", "unexpected end at 6")]
    [InlineData("$['a','b']", "unexpected ''' at 4")]
    public void Anything_else_is_refused_with_its_place(string text, string message) =>
        Assert.Contains(message, Assert.Throws<FormatException>(() => JsonPath.Parse(text)).Message, StringComparison.Ordinal);
}
