using Metering.Host.Import;
using Xunit;

namespace Metering.Host.Tests.Import;

public sealed class CsvReaderTests
{
    [Theory]
    [InlineData("a,b\n", "a|b")]
    [InlineData("a,b", "a|b")]
    [InlineData("a,b\r\n", "a|b")]
    [InlineData(",\n", "|")]
    [InlineData("\"a,b\",c\n", "a,b|c")]
    [InlineData("\"a\"\"b\",c\n", "a\"b|c")]
    [InlineData("\"\",c\n", "|c")]
    [InlineData("\"a\nb\",c\n", "a\nb|c")]
    [InlineData("\"a\r\nb\",c\r\n", "a\r\nb|c")]
    [InlineData("é,漢\n", "é|漢")]
    [InlineData(" a , b \n", " a | b ")]
    public void Fields_are_read_as_RFC_4180_has_them(string text, string expected)
    {
        CsvReader reader = new(new StringReader(text), ',');

        Assert.True(reader.Read());
        Assert.Equal(expected, string.Join('|', reader.Fields));
        Assert.False(reader.IsMalformed);
        Assert.False(reader.Read());
    }

    [Theory]
    [InlineData("a\"b,c\n")]
    [InlineData("\"a\"b,c\n")]
    [InlineData("a,\"b")]
    public void A_quote_in_the_wrong_place_is_said(string text)
    {
        CsvReader reader = new(new StringReader(text), ',');

        Assert.True(reader.Read());
        Assert.True(reader.IsMalformed);
    }

    [Fact]
    public void Lines_are_counted_through_empty_lines_and_quoted_line_ends()
    {
        CsvReader reader = new(new StringReader("a\r\n\r\n\"b\r\nb\"\nc\n"), ',');
        List<(long Line, string Raw)> read = [];
        while (reader.Read())
        {
            read.Add((reader.Line, reader.Raw));
        }

        Assert.Equal([(1, "a"), (3, "\"b\r\nb\""), (5, "c")], read);
    }

    [Fact]
    public void A_quote_that_is_never_closed_does_not_take_the_file_into_memory()
    {
        CsvReader reader = new(new StringReader("\"" + new string('a', 2 * CsvReader.MaxRecordChars)), ',');

        Assert.Contains("Is a quote not closed?", Assert.Throws<ImportException>(() => reader.Read()).Message, StringComparison.Ordinal);
    }
}
