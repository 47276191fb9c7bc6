using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Diagnosers;
using BenchmarkDotNet.Environments;
using BenchmarkDotNet.Exporters;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Loggers;
using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Analysers;

namespace Metering.Benchmarks;

/// <summary>Workstation, non-concurrent GC; allocations beside times. Short runs: trust the order, not the digits; on a shared machine the minimum says most.</summary>
internal sealed class BenchmarkConfig : ManualConfig
{
    public BenchmarkConfig()
    {
        WithArtifactsPath("artifacts/benchmarks");
        AddJob(Job.ShortRun.WithGcMode(new GcMode { Server = false, Concurrent = false }).WithRuntime(CoreRuntime.Core10_0));
        AddDiagnoser(MemoryDiagnoser.Default);
        AddColumnProvider(DefaultColumnProviders.Instance);
        AddColumn(StatisticColumn.Min);
        AddAnalyser(DefaultConfig.Instance.GetAnalysers().ToArray());
        AddExporter(MarkdownExporter.GitHub);
        AddLogger(ConsoleLogger.Default);
    }
}
