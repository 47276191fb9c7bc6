namespace Metering.Host.Demo;

/// <param name="Once">Stop when everything is shown, instead of going on serving.</param>
/// <param name="Seed">Decides the usage.</param>
/// <param name="Events">About how many.</param>
/// <param name="Tenant">Whose usage it is.</param>
internal sealed record DemoSettings(bool Once, int Seed, int Events, string Tenant);
