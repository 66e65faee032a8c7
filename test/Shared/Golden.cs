using System.Text.Json;

namespace Plumbline.Tests;

/// <summary>Reads the reference values that lie beside the repository; tests that need them skip, by name, where they are absent.</summary>
internal static class Golden
{
    /// <summary>The folder "shared" beside the checkout, or that which PLUMBLINE_SHARED names; null where there is none.</summary>
    public static string? Root { get; } = Find();

    /// <summary>The path of a reference file or folder; skips the test where it is absent.</summary>
    public static string Path(params string[] parts)
    {
        string path = System.IO.Path.Combine([Root ?? "shared", .. parts]);
        Assert.SkipUnless(File.Exists(path) || Directory.Exists(path), $"needs reference values: {string.Join('/', parts)}");
        return path;
    }

    /// <summary>A JSON reference file.</summary>
    public static JsonDocument Json(params string[] parts) => JsonDocument.Parse(File.ReadAllBytes(Path(parts)));

    /// <summary>The lines of a JSONL reference file.</summary>
    public static IEnumerable<JsonElement> Lines(params string[] parts) =>
        File.ReadLines(Path(parts)).Where(line => line.Length > 0).Select(line => JsonDocument.Parse(line).RootElement);

    /// <summary>The cases of a group in a file of the common layout, each with its tolerances.</summary>
    public static IEnumerable<GoldenCase> Cases(JsonDocument file, string group)
    {
        JsonElement g = file.RootElement.GetProperty("groups").GetProperty(group);
        int index = 0;
        foreach (JsonElement c in g.GetProperty("cases").EnumerateArray())
        {
            yield return new GoldenCase(
                $"{group}[{index++}]", c.GetProperty("in"),
                c.TryGetProperty("out", out JsonElement o) ? o : null,
                c.TryGetProperty("error", out JsonElement e) ? e.GetString() : null,
                Tolerance("rtol"), Tolerance("atol"));

            double Tolerance(string name) =>
                c.TryGetProperty(name, out JsonElement own) ? own.GetDouble() : g.TryGetProperty(name, out JsonElement shared) ? shared.GetDouble() : 0;
        }
    }

    /// <summary>A number that may be written as "NaN", "Infinity" or "-Infinity".</summary>
    public static double Number(JsonElement e) => e.ValueKind == JsonValueKind.String
        ? e.GetString() switch { "NaN" => double.NaN, "Infinity" => double.PositiveInfinity, "-Infinity" => double.NegativeInfinity, string s => double.Parse(s), null => double.NaN }
        : e.GetDouble();

    /// <summary>Asserts |actual - expected| ≤ rtol |expected| + atol.</summary>
    public static void Close(double expected, double actual, double rtol, double atol, string what)
    {
        bool same = expected.Equals(actual) || Math.Abs(actual - expected) <= (rtol * Math.Abs(expected)) + atol;
        Assert.True(same, $"{what}: expected {expected:R}, got {actual:R}, off by {Math.Abs(actual - expected):E2} (rtol {rtol}, atol {atol})");
    }

    private static string? Find()
    {
        string? named = Environment.GetEnvironmentVariable("PLUMBLINE_SHARED");
        if (named is not null) return named;
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            string beside = System.IO.Path.Combine(folder.FullName, "shared");
            if (Directory.Exists(System.IO.Path.Combine(beside, "golden"))) return beside;
        }

        return null;
    }
}

/// <summary>One reference case: input, expected output or the reason why it must be refused, and tolerances.</summary>
internal sealed record GoldenCase(string Name, JsonElement In, JsonElement? Out, string? Error, double Rtol, double Atol);
