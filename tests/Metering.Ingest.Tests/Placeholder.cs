namespace Metering.Ingest.Tests;

public class PlaceholderTests { [Xunit.Fact] public void Builds() { } }
