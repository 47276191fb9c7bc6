using System.Diagnostics.Metrics;

namespace Metering.Query.Telemetry;

/// <summary>Request durations are ASP.NET Core's own <c>http.server.request.duration</c>; this is what it cannot know.</summary>
internal sealed class QueryMetrics
{
    public const string MeterName = "Metering.Query";

    private readonly Counter<long> _refusals;
    private readonly Histogram<int> _rows;

    public QueryMetrics(IMeterFactory factory)
    {
        Meter meter = factory.Create(MeterName);
        _refusals = meter.CreateCounter<long>("metering.query.refusals", "{request}", "Requests refused with a problem body.");
        _rows = meter.CreateHistogram<int>("metering.query.rows", "{row}", "Rows of a usage answer.");
    }

    public void Refused(int status) => _refusals.Add(1, new KeyValuePair<string, object?>("http.response.status_code", status));

    public void Answered(int rows) => _rows.Record(rows);
}
