using System.Text.Json;
using System.Text.RegularExpressions;

namespace Plumbline.Measure.Public;

/// <summary>A file of a set: its name in the set's folder, its address at a fixed commit, its bytes and their SHA-256.</summary>
public sealed record DataFile(string Path, Uri Address, long Size, string Sha256);

/// <summary>A public data set. <see cref="Files"/> is empty for a set that ships with the program; the files of the others can be pulled.</summary>
public sealed record DataSetEntry(
    string Name, string Title, int Rows, IReadOnlyList<string> Languages, string Licence, Uri Source, string Commit, string Citation, IReadOnlyList<DataFile> Files)
{
    /// <summary>Whether it ships.</summary>
    public bool IsBundled => Files.Count == 0;
}

/// <summary>The sets that the product knows, those that ship and those that can be pulled. Reading one checks every name, so that no file can come to lie outside its set's folder.</summary>
public static partial class DataCatalogue
{
    private const long LargestFile = 64 << 20;

    private static readonly Lazy<IReadOnlyList<DataSetEntry>> s_shipped = new(() =>
    {
        using Stream stream = typeof(DataCatalogue).Assembly.GetManifestResourceStream("Plumbline.Measure.Public.catalogue.json")!;
        return Parse(stream);
    });

    /// <summary>All sets, by name.</summary>
    public static IReadOnlyList<DataSetEntry> All => s_shipped.Value;

    /// <summary>
    /// Where pulled sets lie: the folder that PLUMBLINE_DATA names, else "plumbline/datasets" in the user's local application data.
    /// </summary>
    /// <param name="environment">The value of an environment variable.</param>
    public static string Folder(Func<string, string?> environment)
    {
        ArgumentNullException.ThrowIfNull(environment);
        if (environment("PLUMBLINE_DATA") is { Length: > 0 } named) return Path.GetFullPath(named);
        string local = Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData);
        return Path.Combine(local.Length > 0 ? local : Path.GetTempPath(), "plumbline", "datasets");
    }

    /// <summary>Where a set lies, shipped or pulled with every file at its size; null where it does not.</summary>
    public static string? Locate(DataSetEntry set, string folder)
    {
        ArgumentNullException.ThrowIfNull(set);
        string path = set.IsBundled ? Path.Combine(AppContext.BaseDirectory, "datasets", set.Name) : Path.Combine(folder, set.Name);
        return Directory.Exists(path) && set.Files.All(f => new FileInfo(Path.Combine(path, f.Path)) is { Exists: true } file && file.Length == f.Size) ? path : null;
    }

    /// <summary>Reads a catalogue.</summary>
    /// <exception cref="InvalidDataException">An entry is wrong; the message names it.</exception>
    internal static IReadOnlyList<DataSetEntry> Parse(Stream json)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(json);
            DataSetEntry[] sets = [.. document.RootElement.EnumerateArray().Select(Entry).OrderBy(s => s.Name, StringComparer.Ordinal)];
            return sets.DistinctBy(s => s.Name, StringComparer.OrdinalIgnoreCase).Count() == sets.Length ? sets : throw new InvalidDataException("The catalogue of data sets has two sets of one name.");
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new InvalidDataException($"The catalogue of data sets cannot be read: {e.Message}", e);
        }
    }

    private static DataSetEntry Entry(JsonElement set)
    {
        string name = Text(set, "name");
        if (!SetName().IsMatch(name)) throw new InvalidDataException($"The catalogue of data sets: '{name}' is no name of a set; it may have lower-case letters, digits and hyphens.");
        DataSetEntry entry = new(
            name, Text(set, "title"), set.GetProperty("rows").GetInt32(), [.. set.GetProperty("languages").EnumerateArray().Select(l => l.GetString()!)], Text(set, "licence"),
            Address(name, Text(set, "source")), Text(set, "commit"), Text(set, "citation"), [.. set.GetProperty("files").EnumerateArray().Select(f => FileOf(name, f))]);
        return entry.Files.DistinctBy(f => f.Path, StringComparer.OrdinalIgnoreCase).Count() == entry.Files.Count
            ? entry
            : throw new InvalidDataException($"The catalogue of data sets: two files of '{name}' have one name.");
    }

    private static DataFile FileOf(string set, JsonElement file)
    {
        string path = Text(file, "path"), hash = Text(file, "sha256");
        long size = file.GetProperty("size").GetInt64();
        if (!FileName().IsMatch(path) || path.EndsWith('.')) throw new InvalidDataException($"The catalogue of data sets: '{path}' of '{set}' is no plain file name; it may have letters, digits, '.', '_' and '-', and begins with a letter or digit.");
        if (path.EndsWith(".part", StringComparison.OrdinalIgnoreCase) || path.EndsWith(".etag", StringComparison.OrdinalIgnoreCase)) throw new InvalidDataException($"The catalogue of data sets: '{path}' of '{set}' ends as files of an unfinished download do.");
        if (size is <= 0 or > LargestFile) throw new InvalidDataException($"The catalogue of data sets: '{path}' of '{set}' has {size} bytes; 1 to {LargestFile} are allowed.");
        if (!Digest().IsMatch(hash)) throw new InvalidDataException($"The catalogue of data sets: '{path}' of '{set}' has no SHA-256 of 64 small hexadecimal digits.");
        return new(path, Address(set, Text(file, "url")), size, hash);
    }

    private static Uri Address(string set, string text) => Uri.TryCreate(text, UriKind.Absolute, out Uri? address) && address.Scheme is "https" && address.UserInfo.Length == 0
        ? address
        : throw new InvalidDataException($"The catalogue of data sets: '{text}' of '{set}' is no https address.");

    private static string Text(JsonElement of, string name) => of.GetProperty(name).GetString() ?? throw new InvalidDataException($"The catalogue of data sets: '{name}' is null.");

    [GeneratedRegex(@"\A[a-z0-9]+(-[a-z0-9]+)*\z", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant)]
    private static partial Regex SetName();

    [GeneratedRegex(@"\A[A-Za-z0-9][A-Za-z0-9._-]{0,99}\z", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant)]
    private static partial Regex FileName();

    [GeneratedRegex(@"\A[0-9a-f]{64}\z", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant)]
    private static partial Regex Digest();
}
