using System.Text.Json;
using Sylvan.Data.Csv;

namespace Plumbline.Measure.Public;

/// <summary>Reads the data sets that lie beside the program.</summary>
internal static class PublicData
{
    /// <summary>Rows of a CSV file with a header.</summary>
    public static IReadOnlyList<IReadOnlyDictionary<string, string>> Csv(params string[] parts) => CsvFile(PathOf(parts));

    /// <summary>Rows of a CSV file with a header, wherever it lies.</summary>
    public static IReadOnlyList<IReadOnlyDictionary<string, string>> CsvFile(string path)
    {
        using CsvDataReader csv = CsvDataReader.Create(path);
        string[] names = [.. Enumerable.Range(0, csv.FieldCount).Select(csv.GetName)];
        List<IReadOnlyDictionary<string, string>> rows = [];
        while (csv.Read()) rows.Add(names.Select((name, i) => (name, csv.GetString(i))).ToDictionary(StringComparer.Ordinal));
        return rows;
    }

    /// <summary>Objects of a JSON Lines file.</summary>
    public static IReadOnlyList<JsonElement> Lines(params string[] parts) =>
        [.. File.ReadLines(PathOf(parts)).Where(line => line.Length > 0).Select(line => JsonDocument.Parse(line).RootElement)];

    /// <summary>A JSON file.</summary>
    public static JsonElement Json(params string[] parts) => JsonDocument.Parse(File.ReadAllBytes(PathOf(parts))).RootElement;

    /// <summary>Names of the files of a folder, in order.</summary>
    public static IReadOnlyList<string> Files(params string[] parts) => [.. Directory.EnumerateFiles(PathOf(parts)).Order(StringComparer.Ordinal).Select(f => Path.GetFileName(f)!)];

    private static string PathOf(string[] parts)
    {
        string path = Path.Combine([AppContext.BaseDirectory, "datasets", .. parts]);
        return File.Exists(path) || Directory.Exists(path)
            ? path
            : throw new FileNotFoundException($"The data set {string.Join('/', parts)} is missing: {path} does not exist. Install plumbline anew, or build it from a complete checkout.", path);
    }
}
