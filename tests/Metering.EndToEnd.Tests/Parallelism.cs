using Xunit;

// Each test runs the whole program; two at a time would measure and time each other.
[assembly: CollectionBehavior(CollectionBehavior.CollectionPerAssembly)]
