namespace Metering.Embedded.Tests;

public class PlaceholderTests { [Xunit.Fact] public void Builds() { } }
