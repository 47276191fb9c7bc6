using System.Diagnostics;
using System.Globalization;

namespace Metering.Embedded.Postgres;

/// <summary>PostgreSQL refuses root, so as root we run it as `postgres` if that user exists, else as `nobody`.</summary>
internal sealed record ServiceUser(string Name, int UserId, int GroupId)
{
    /// <summary>Null when we are not root and need no other user.</summary>
    public static ServiceUser? Needed()
    {
        if (!Environment.IsPrivilegedProcess)
        {
            return null;
        }

        return Find("postgres") ?? Find("nobody")
            ?? throw new EngineException("PostgreSQL does not run as root, and there is neither a user 'postgres' nor 'nobody' to run it as. Start as another user, or pass a connection string.");
    }

    /// <summary>Prefixes a command with the change of user.</summary>
    public static string[] Command(ServiceUser? user, params string[] command) => user is null
        ? command
        : ["setpriv", "--reuid=" + Text(user.UserId), "--regid=" + Text(user.GroupId), "--clear-groups", "--", .. command];

    /// <summary>The user can enter the folder, through all of its parents.</summary>
    public bool CanReach(string folder)
    {
        string[] probe = Command(this, "test", "-x", folder);
        using Process process = Process.Start(new ProcessStartInfo(probe[0], probe[1..]))!;
        process.WaitForExit();
        return process.ExitCode == 0;
    }

    public void Own(string folder)
    {
        using Process process = Process.Start("chown", ["-R", $"{Text(UserId)}:{Text(GroupId)}", folder]);
        process.WaitForExit();
        if (process.ExitCode != 0)
        {
            throw new EngineException($"{folder} could not be given to the user {Name}.");
        }
    }

    private static ServiceUser? Find(string name)
    {
        string[]? fields = File.ReadLines("/etc/passwd").Select(line => line.Split(':')).FirstOrDefault(fields => fields.Length > 3 && fields[0] == name);
        return fields is null
            ? null
            : new ServiceUser(name, int.Parse(fields[2], CultureInfo.InvariantCulture), int.Parse(fields[3], CultureInfo.InvariantCulture));
    }

    private static string Text(int id) => id.ToString(CultureInfo.InvariantCulture);
}
