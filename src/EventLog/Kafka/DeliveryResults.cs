using Confluent.Kafka;

namespace Metering.EventLog.Kafka;

/// <summary>What a delivery report means to the caller.</summary>
internal static class DeliveryResults
{
    public static AppendResult Of(Error error, PersistenceStatus status, long offset, Timestamp time)
    {
        if (!error.IsError)
        {
            // A retry whose first attempt was so long ago that the broker only remembers that it was.
            return offset < 0
                ? AppendResult.Refused(InDoubt("it was stored, but where is not known"))
                : new AppendResult(Offsets.FromKafka(offset), time.UnixTimestampMs);
        }

        return AppendResult.Refused(status == PersistenceStatus.NotPersisted ? Refusal(error) : InDoubt(error.Reason));
    }

    public static string Refusal(Error error) => $"Kafka did not take the record ({error.Code}): {error.Reason}";

    public static string InDoubt(string why) => $"Kafka may or may not have the record: {why}";

    public static string TooLarge(int bytes, int most) => $"The record has {bytes} bytes; this log takes at most {most}.";
}
