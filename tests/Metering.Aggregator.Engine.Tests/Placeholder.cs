namespace Metering.Aggregator.Engine.Tests;

public class PlaceholderTests { [Xunit.Fact] public void Builds() { } }
