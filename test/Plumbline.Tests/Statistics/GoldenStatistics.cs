using System.Collections;
using System.Globalization;
using System.Text.Json;
using Plumbline.Statistics;

namespace Plumbline.Tests.Statistics;

/// <summary>Runs a group of reference cases and reports all that fail in one message.</summary>
internal static class GoldenStatistics
{
    /// <summary>Compares every field of every case; what must be refused has to throw an <see cref="ArgumentException"/>.</summary>
    /// <param name="file">The file's name without extension.</param>
    /// <param name="group">The group in it.</param>
    /// <param name="compute">From the input to the output: doubles, integers, texts, null, <see cref="Interval"/>, lists and dictionaries.</param>
    /// <param name="rtol">A relative tolerance for fields named in <paramref name="looser"/>.</param>
    /// <param name="looser">Fields with their own tolerance.</param>
    public static void Run(string file, string group, Func<JsonElement, object?> compute, double rtol = 0, params string[] looser)
    {
        using JsonDocument json = Golden.Json("golden", "stats", file + ".json");
        List<string> failures = [];
        int count = 0;
        foreach (GoldenCase c in Golden.Cases(json, group))
        {
            count++;
            object? got;
            try
            {
                got = compute(c.In);
            }
            catch (ArgumentException) when (c.Error is not null)
            {
                continue;
            }
            catch (Exception e) when (e is not OutOfMemoryException)
            {
                failures.Add($"{c.Name}: {e.GetType().Name}: {e.Message} {e.StackTrace?.Split('\n').FirstOrDefault()}");
                continue;
            }

            if (c.Error is not null) failures.Add($"{c.Name}: must be refused ({c.Error}), answered {got}");
            else Compare(c.Name, c.Out!.Value, got, c.Rtol, c.Atol);

            void Compare(string path, JsonElement want, object? value, double relative, double absolute)
            {
                switch (want.ValueKind)
                {
                    case JsonValueKind.Null:
                        if (value is not null) failures.Add($"{path}: expected null, got {value}");
                        break;
                    case JsonValueKind.Object:
                        if (value is not IDictionary map)
                        {
                            failures.Add($"{path}: expected an object, got {value ?? "null"}");
                            break;
                        }

                        foreach (JsonProperty p in want.EnumerateObject())
                        {
                            if (p.Name.EndsWith("Digits", StringComparison.Ordinal) || p.Name == "digits") continue;
                            if (!map.Contains(p.Name)) failures.Add($"{path}.{p.Name}: missing");
                            else Compare($"{path}.{p.Name}", p.Value, map[p.Name], looser.Contains(p.Name) ? rtol : relative, absolute);
                        }

                        break;
                    case JsonValueKind.Array:
                        object?[]? items = value switch { Interval i => [i.Low, i.High], IEnumerable e and not string => [.. e.Cast<object?>()], _ => null };
                        if (items is null || items.Length != want.GetArrayLength())
                        {
                            failures.Add($"{path}: expected {want.GetArrayLength()} items, got {(items is null ? value ?? "null" : items.Length)}");
                            break;
                        }

                        for (int i = 0; i < items.Length; i++) Compare($"{path}[{i}]", want[i], items[i], relative, absolute);
                        break;
                    case JsonValueKind.True or JsonValueKind.False:
                        if (value is not bool b || b != want.GetBoolean()) failures.Add($"{path}: expected {want}, got {value}");
                        break;
                    case JsonValueKind.String when want.GetString() is not ("NaN" or "Infinity" or "-Infinity"):
                        if (value is not string s || s != want.GetString()) failures.Add($"{path}: expected {want}, got {value}");
                        break;
                    default:
                        if (value is null)
                        {
                            failures.Add($"{path}: expected {want}, got null");
                            break;
                        }

                        double expected = Golden.Number(want), actual = Convert.ToDouble(value, CultureInfo.InvariantCulture);
                        if (!(expected.Equals(actual) || Math.Abs(actual - expected) <= (relative * Math.Abs(expected)) + absolute))
                            failures.Add($"{path}: expected {expected:R}, got {actual:R}, relative {Math.Abs((actual - expected) / expected):E1}");
                        break;
                }
            }
        }

        Assert.True(count > 0, $"{file}/{group} holds no case");
        Assert.True(failures.Count == 0, $"{file}/{group}: {failures.Count} failures in {count} cases\n{string.Join('\n', failures.Take(40))}");
    }

    public static double D(this JsonElement e, string name) => Golden.Number(e.GetProperty(name));

    public static int I(this JsonElement e, string name) => e.GetProperty(name).GetInt32();

    public static string S(this JsonElement e, string name) => e.GetProperty(name).GetString()!;

    public static bool Has(this JsonElement e, string name) => e.TryGetProperty(name, out _);

    public static double[] Doubles(this JsonElement e, string name) => [.. e.GetProperty(name).EnumerateArray().Select(Golden.Number)];

    public static int[] Ints(this JsonElement e, string name) => [.. e.GetProperty(name).EnumerateArray().Select(v => v.GetInt32())];

    public static double[][] Rows(this JsonElement e, string name) => [.. e.GetProperty(name).EnumerateArray().Select(r => r.EnumerateArray().Select(Golden.Number).ToArray())];

    public static int[][] IntRows(this JsonElement e, string name) => [.. e.GetProperty(name).EnumerateArray().Select(r => r.EnumerateArray().Select(v => v.GetInt32()).ToArray())];
}
