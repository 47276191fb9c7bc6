using System.CommandLine;
using Metering.Host.Commands;

return await MeteringCommand.Create().Parse(args).InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
