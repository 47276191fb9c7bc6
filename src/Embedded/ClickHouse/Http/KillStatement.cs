namespace Metering.Embedded.ClickHouse.Http;

/// <summary>`KILL QUERY WHERE query_id = …` means the client's id, which the engine knows as the query's log comment.</summary>
internal static class KillStatement
{
    public static ReadOnlyMemory<byte> ByClientId(ReadOnlySpan<byte> sql)
    {
        using MemoryStream rewritten = new();
        int copied = 0;
        SqlTokens tokens = new(sql);
        while (tokens.Next())
        {
            if (tokens.Is("query_id"u8))
            {
                rewritten.Write(sql[copied..tokens.Start]);
                rewritten.Write("Settings['log_comment']"u8);
                copied = tokens.End;
            }
        }

        rewritten.Write(sql[copied..]);
        return rewritten.ToArray();
    }
}
