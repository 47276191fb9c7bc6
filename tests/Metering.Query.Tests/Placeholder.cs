namespace Metering.Query.Tests;

public class PlaceholderTests { [Xunit.Fact] public void Builds() { } }
