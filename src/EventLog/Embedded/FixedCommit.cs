using FASTER.core;

namespace Metering.EventLog.Embedded;

/// <summary>
/// Tells FasterLog where the log ends instead of letting it find out: <see cref="TailScan"/> has, with stricter rules. FasterLog's own commits are
/// in the log (<c>FastCommitMode</c>), so there is nothing to keep here.
/// </summary>
internal sealed class FixedCommit(LogPosition position) : ILogCommitManager
{
    public void Commit(long beginAddress, long untilAddress, byte[] commitMetadata, long commitNum, bool forceWriteMetadata)
    {
    }

    public byte[] GetCommitMetadata(long commitNum) =>
        new FasterLogRecoveryInfo { BeginAddress = position.Begin, UntilAddress = position.End, CommitNum = position.CommitNumber }.ToByteArray();

    public IEnumerable<long> ListCommits() => position.End > LogPosition.FirstAddress ? [position.CommitNumber] : [];

    public void RemoveCommit(long commitNum)
    {
    }

    public void RemoveAllCommits()
    {
    }

    public void OnRecovery(long commitNum)
    {
    }

    public void Dispose()
    {
    }
}
