namespace Metering.EventLog.Tests;

public class PlaceholderTests { [Xunit.Fact] public void Builds() { } }
