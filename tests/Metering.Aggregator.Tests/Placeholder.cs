namespace Metering.Aggregator.Tests;

public class PlaceholderTests { [Xunit.Fact] public void Builds() { } }
