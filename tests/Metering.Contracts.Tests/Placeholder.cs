namespace Metering.Contracts.Tests;

public class PlaceholderTests { [Xunit.Fact] public void Builds() { } }
