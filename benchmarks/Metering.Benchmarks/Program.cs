using BenchmarkDotNet.Running;
using Metering.Benchmarks;

BenchmarkSwitcher.FromAssembly(typeof(SampleEvents).Assembly).Run(args, new BenchmarkConfig());
