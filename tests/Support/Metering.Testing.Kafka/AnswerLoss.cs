namespace Metering.Testing.Kafka;

/// <summary>Which answers to requests that were carried out are lost: the next ones, as many as are asked for.</summary>
internal sealed class AnswerLoss
{
    private int _toLose;
    private int _lost;

    public int Count => Volatile.Read(ref _lost);

    public void LoseNext(int count) => Interlocked.Add(ref _toLose, count);

    /// <returns>Whether this one is lost.</returns>
    public bool Takes()
    {
        if (Interlocked.Decrement(ref _toLose) >= 0)
        {
            Interlocked.Increment(ref _lost);
            return true;
        }

        Interlocked.Increment(ref _toLose);
        return false;
    }
}
