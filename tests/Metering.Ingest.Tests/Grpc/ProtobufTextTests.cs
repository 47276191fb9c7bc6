using Google.Protobuf;
using Metering.Ingest.Tests.Support;
using Metering.V1;
using Xunit;

namespace Metering.Ingest.Tests.Grpc;

public class ProtobufTextTests
{
    /// <summary>We rely on the library for it. Were bad bytes read as U+FFFD, two ids would become one, and one of two events not be billed.</summary>
    [Fact]
    public void The_library_refuses_a_text_that_is_not_utf8()
    {
        byte[] bytes = [.. Messages.Event("1").ToByteArray(), (1 << 3) | 2, 2, (byte)'a', 0xFF];
        Assert.Throws<InvalidProtocolBufferException>(() => UsageEvent.Parser.ParseFrom(bytes));
    }
}
