using System.CommandLine;
using Metering.Embedded.ClickHouse;
using Metering.Host.Commands;

// An engine's process: nothing else of the program may run before it, because the engine takes over signals and memory.
if (args is ["engine", "clickhouse", .. string[] rest])
{
    return await ClickHouseServerProcess.RunAsync(rest);
}

// Stopping drains and flushes, which takes longer than the two seconds it gets by default.
return await MeteringCommand.RunAsync(args, new InvocationConfiguration
{
    EnableDefaultExceptionHandler = false,
    ProcessTerminationTimeout = TimeSpan.FromMinutes(2),
});
