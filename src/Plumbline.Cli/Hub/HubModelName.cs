using System.Text.RegularExpressions;

namespace Plumbline.Cli.Hub;

/// <summary>A model on a Hugging Face hub: `hf:org/name`, or `hf:org/name@revision`. Holds only characters that are safe in a path and in an address.</summary>
/// <param name="Id">"org/name", or a name without organisation.</param>
/// <param name="Revision">A branch, a tag, or a commit's 40 hex digits.</param>
internal sealed partial record HubModelName(string Id, string Revision)
{
    public const string Prefix = "hf:";
    private const int Longest = 200;

    /// <summary>Whether the user means a model on a hub.</summary>
    public static bool IsHub(string? named) => named?.StartsWith(Prefix, StringComparison.Ordinal) == true;

    /// <summary>Reads what the user typed.</summary>
    /// <exception cref="UsageException">It is not of that form.</exception>
    public static HubModelName Parse(string named)
    {
        string rest = named[Prefix.Length..];
        int at = rest.IndexOf('@', StringComparison.Ordinal);
        HubModelName name = at < 0 ? new(rest, "main") : new(rest[..at], rest[(at + 1)..]);
        bool sound = named.Length <= Longest && IdForm().IsMatch(name.Id) && RevisionForm().IsMatch(name.Revision)
            && !name.Id.Contains("..", StringComparison.Ordinal) && !name.Id.Contains("--", StringComparison.Ordinal) && !name.Revision.Contains("..", StringComparison.Ordinal);
        return sound ? name : throw new UsageException($"'{named}' names no model on a hub: write hf:ORGANISATION/NAME, or hf:ORGANISATION/NAME@REVISION with a branch, a tag or a commit.");
    }

    /// <summary>Whether the revision is a commit.</summary>
    public bool IsCommit => IsCommitHash(Revision);

    /// <summary>Its folder in a cache.</summary>
    public string Folder => $"models--{Id.Replace("/", "--", StringComparison.Ordinal)}";

    /// <summary>As the user may name it again.</summary>
    public override string ToString() => Revision == "main" ? $"{Prefix}{Id}" : $"{Prefix}{Id}@{Revision}";

    /// <summary>40 hex digits.</summary>
    public static bool IsCommitHash(string text) => text.Length == 40 && text.All(char.IsAsciiHexDigitLower);

    [GeneratedRegex(@"\A[A-Za-z0-9_][A-Za-z0-9._-]*(/[A-Za-z0-9_][A-Za-z0-9._-]*)?\z", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex IdForm();

    [GeneratedRegex(@"\A[A-Za-z0-9_][A-Za-z0-9._-]*(/[A-Za-z0-9_][A-Za-z0-9._-]*)*\z", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex RevisionForm();
}
