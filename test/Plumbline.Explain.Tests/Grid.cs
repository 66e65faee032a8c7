using System.Text.Json;
using Plumbline.Tests;

namespace Plumbline.Explain.Tests;

/// <summary>Compares what a case expects under a name.</summary>
internal static class Grid
{
    public static void Close(GoldenCase c, string key, double[,] got)
    {
        JsonElement want = c.Out!.Value.GetProperty(key);
        Assert.Equal(got.GetLength(0), want.GetArrayLength());
        for (int i = 0; i < got.GetLength(0); i++)
        {
            Assert.Equal(got.GetLength(1), want[i].GetArrayLength());
            for (int j = 0; j < got.GetLength(1); j++) Golden.Close(want[i][j].GetDouble(), got[i, j], c.Rtol, c.Atol, $"{c.Name} {key} {i} {j}");
        }
    }

    public static void Close(GoldenCase c, string key, IReadOnlyList<double> got)
    {
        JsonElement want = c.Out!.Value.GetProperty(key);
        Assert.Equal(want.GetArrayLength(), got.Count);
        for (int i = 0; i < got.Count; i++) Golden.Close(want[i].GetDouble(), got[i], c.Rtol, c.Atol, $"{c.Name} {key} {i}");
    }

    public static void Close(GoldenCase c, string key, double got) => Golden.Close(c.Out!.Value.GetProperty(key).GetDouble(), got, c.Rtol, c.Atol, $"{c.Name} {key}");

    /// <summary>Sum, mean, norm and the first numbers of a matrix; sums cancel, so they get the width that the README states.</summary>
    public static void Checksum(GoldenCase c, string key, double[,] got)
    {
        JsonElement want = c.Out!.Value.GetProperty(key);
        double[] values = [.. got.Cast<double>()];
        double l2 = Math.Sqrt(values.Sum(x => x * x)), slack = 1e-6 * l2 * Math.Sqrt(values.Length);
        Golden.Close(want.GetProperty("l2").GetDouble(), l2, c.Rtol, c.Atol, $"{c.Name} {key} l2");
        Golden.Close(want.GetProperty("sum").GetDouble(), values.Sum(), c.Rtol, c.Atol + slack, $"{c.Name} {key} sum");
        Golden.Close(want.GetProperty("mean").GetDouble(), values.Average(), c.Rtol, c.Atol + (slack / values.Length), $"{c.Name} {key} mean");
        int i = 0;
        foreach (JsonElement first in want.GetProperty("first").EnumerateArray()) Golden.Close(first.GetDouble(), values[i], c.Rtol, c.Atol, $"{c.Name} {key} {i++}");
    }
}
