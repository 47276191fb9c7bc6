namespace Metering.EndToEnd.Tests;

public class PlaceholderTests { [Xunit.Fact] public void Builds() { } }
