using System.Text;
using System.Text.Json;
using Metering.Host.Import;
using Xunit;

namespace Metering.Host.Tests.Import;

public sealed class RowMapperTests
{
    private static readonly ImportSettings s_settings = new() { File = "calls.csv", IsCsv = true, Type = "call", SubjectColumn = "who", TimeColumn = "at" };

    [Fact]
    public void Columns_without_another_use_become_data_with_numbers_as_they_are_written()
    {
        JsonElement one = Map(s_settings, "who,at,tokens,price,zip,note,empty", "acme,2024-01-01 00:00:00.1234567,12,0.10,007,\"a \"\"b\"\"\",")[0];

        Assert.Equal("acme", one.GetProperty("subject").GetString());
        Assert.Equal("call", one.GetProperty("type").GetString());
        Assert.Equal("import", one.GetProperty("source").GetString());
        Assert.Equal("2024-01-01T00:00:00.1234567Z", one.GetProperty("time").GetString());
        Assert.Equal("""{"tokens":12,"price":0.10,"zip":"007","note":"a \"b\""}""", one.GetProperty("data").GetRawText());
    }

    [Fact]
    public void Chosen_columns_are_renamed_and_typed()
    {
        ImportSettings settings = s_settings with { Data = [DataColumn.Parse("tokens=in:number"), DataColumn.Parse("zip:string"), DataColumn.Parse("n:string")] };

        JsonElement one = Map(settings, "who,at,tokens,zip,n,other", "acme,2024-01-01,12,8001,5,x")[0];

        Assert.Equal("""{"in":12,"zip":"8001","n":"5"}""", one.GetProperty("data").GetRawText());
    }

    [Fact]
    public void Ids_are_the_same_again_shuffled_reordered_and_in_another_file()
    {
        string[] rows = ["acme,2024-01-01 10:00:00,1", "acme,2024-01-01 10:00:00,2", "globex,2024-01-01 10:00:00,1", "acme,2024-01-01 10:00:00,1"];

        string[] ids = Ids(s_settings, "who,at,n", rows);

        Assert.Equal(4, ids.Distinct().Count());
        Assert.Equal(ids.Order(), Ids(s_settings, "who,at,n", [.. rows.Reverse()]).Order());
        Assert.Equal(ids.Order(), Ids(s_settings with { File = "copy.csv" }, "n,who,at", [.. rows.Select(Rotate)]).Order());
        Assert.Equal(ids[0] + "-2", ids[3]);
    }

    [Fact]
    public void Another_type_is_other_events() =>
        Assert.NotEqual(Ids(s_settings, "who,at,n", "acme,2024-01-01,1"), Ids(s_settings with { Type = "other" }, "who,at,n", "acme,2024-01-01,1"));

    [Fact]
    public void The_parts_of_a_file_are_the_file()
    {
        string[] rows = [.. Enumerable.Range(0, 200).Select(i => $"acme,2024-01-01,{i % 150}")];

        IEnumerable<string> parts = Enumerable.Range(1, 7).SelectMany(part => Ids(s_settings with { Part = new FilePart(part, 7) }, "who,at,n", rows));

        Assert.Equal(Ids(s_settings, "who,at,n", rows).Order(), parts.Order());
    }

    [Fact]
    public void An_id_column_is_the_id() => Assert.Equal(["x-1"], Ids(s_settings with { IdColumn = "key" }, "who,at,key", "acme,2024-01-01,x-1"));

    [Theory]
    [InlineData(",2024-01-01,1", "no subject")]
    [InlineData("acme,,1", "no time")]
    [InlineData("acme,soon,1", "'soon' in the column 'at' is not a time")]
    [InlineData("acme,2024-01-01", "2 fields, but the header has 3")]
    [InlineData("acme,2024-01-01,\"1", "a quote is in the wrong place")]
    public void A_bad_row_says_what_is_wrong(string row, string problem) =>
        Assert.Contains(problem, Read(s_settings, "who,at,n", row).Single().Problem, StringComparison.Ordinal);

    [Fact]
    public void A_number_column_takes_numbers_only()
    {
        ImportSettings settings = s_settings with { Data = [DataColumn.Parse("n:number")] };

        Assert.Contains("'many' in the column 'n' is not a number", Read(settings, "who,at,n", "acme,2024-01-01,many").Single().Problem, StringComparison.Ordinal);
    }

    [Fact]
    public void NDJSON_members_are_columns_with_their_own_types()
    {
        ImportSettings settings = s_settings with { IsCsv = false };

        JsonElement one = Map(settings, """{"who":"acme","at":"2024-01-01T00:00:00Z","n":1.50,"tags":["a"],"s":"5"}""")[0];

        Assert.Equal("""{"n":1.50,"tags":["a"],"s":"5"}""", one.GetProperty("data").GetRawText());
    }

    [Fact]
    public void NDJSON_without_a_type_is_events_as_they_are()
    {
        const string line = """{"id":"1","source":"s","type":"t","subject":"a"}""";

        Assert.Equal(line, Encoding.UTF8.GetString(Read(s_settings with { IsCsv = false, Type = null }, line).Single().Json!));
    }

    private static string Rotate(string row)
    {
        string[] fields = row.Split(',');
        return string.Join(',', fields[2], fields[0], fields[1]);
    }

    private static string[] Ids(ImportSettings settings, string header, params string[] rows) =>
        [.. Map(settings, [header, .. rows]).Select(one => one.GetProperty("id").GetString()!)];

    private static List<JsonElement> Map(ImportSettings settings, params string[] lines) =>
        [.. Read(settings, lines).Where(row => row.Json is not null).Select(row => JsonDocument.Parse(row.Json).RootElement)];

    private static List<MappedRow> Read(ImportSettings settings, params string[] lines)
    {
        using Support.TempFolder folder = new();
        string file = folder.Write("rows", string.Join('\n', lines));
        using IRowSource rows = settings.IsCsv ? new CsvRows(file, settings.Delimiter) : new NdjsonRows(file);
        RowMapper mapper = new(settings);
        List<MappedRow> mapped = [];
        while (rows.Read() is { } row)
        {
            mapped.Add(mapper.Map(row));
        }

        return mapped;
    }
}
