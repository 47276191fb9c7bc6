using System.Text;
using System.Text.Json;
using Metering.Billing.Catalog.Documents;
using Xunit;

namespace Metering.Billing.Tests.Catalog.AsCode;

internal static class Documents
{
    /// <summary>Fails when there is a problem.</summary>
    public static CatalogDocument Read(string json)
    {
        List<Problem> problems = Problems(json, out CatalogDocument catalog);
        Assert.Empty(problems);
        return catalog;
    }

    public static CatalogDocument Read(byte[] json) => Read(Encoding.UTF8.GetString(json));

    public static List<Problem> Problems(string json, out CatalogDocument catalog)
    {
        using JsonDocument document = JsonDocument.Parse(json);
        List<Problem> problems = [];
        catalog = CatalogReader.Read(document.RootElement, RandomCatalog.MeterOf, problems);
        return problems;
    }
}
