using Plumbline.Statistics;

namespace Plumbline.Tests.Statistics;

public sealed class MultiplicityTests
{
    [Fact]
    public void Adjusted() => GoldenStatistics.Run("multiplicity", "adjust", e =>
    {
        // What is rejected is compared apart, because an adjusted p on the knife edge may fall on either side of alpha in doubles.
        Dictionary<string, object?> adjusted = All(e.Doubles("p"));
        return new Dictionary<string, object?> { ["adjusted"] = adjusted, ["rejected"] = Rejected(adjusted) };
    });

    [Fact]
    public void Published() => GoldenStatistics.Run("multiplicity", "published", e => new Dictionary<string, object?>
    {
        ["bhRejections"] = Multiplicity.BenjaminiHochberg(e.Doubles("p")).Count(v => v <= e.D("alpha")),
        ["bonferroniRejections"] = Multiplicity.Bonferroni(e.Doubles("p")).Count(v => v <= e.D("alpha")),
    });

    [Fact]
    public void Errors() => GoldenStatistics.Run("multiplicity", "errors", e =>
    {
        double[] p = e.Doubles("p");
        foreach (Func<double[]> method in new Func<double[]>[] { () => Multiplicity.Bonferroni(p), () => Multiplicity.Hochberg(p), () => Multiplicity.BenjaminiHochberg(p) })
        {
            if (p.Length > 0) Assert.Throws<ArgumentException>(method);
        }

        return new Dictionary<string, object?> { ["adjusted"] = Multiplicity.Holm(p) };
    });

    private static Dictionary<string, object?> All(double[] p) => new()
    {
        ["bonferroni"] = Multiplicity.Bonferroni(p),
        ["holm"] = Multiplicity.Holm(p),
        ["hochberg"] = Multiplicity.Hochberg(p),
        ["bh"] = Multiplicity.BenjaminiHochberg(p),
        ["by"] = Multiplicity.BenjaminiYekutieli(p),
        ["sidak"] = Multiplicity.Sidak(p),
    };

    private static Dictionary<string, object?> Rejected(Dictionary<string, object?> adjusted)
    {
        Dictionary<string, object?> result = [];
        foreach ((string name, double alpha) in new[] { ("alpha0.05", 0.05), ("alpha0.01", 0.01), ("alpha0.1", 0.1) })
        {
            // The reference decides on the decimals: a slack of 1e-9 puts the knife edge on its side.
            Dictionary<string, object?> rejected = adjusted.Where(pair => pair.Key != "sidak").ToDictionary(pair => pair.Key, object? (pair) =>
                ((double[])pair.Value!).Select((v, i) => (v, i)).Where(t => t.v <= alpha * (1 + 1e-9)).Select(t => (object?)t.i).ToArray());
            rejected["knifeEdge"] = adjusted.ToDictionary(pair => pair.Key, object? (pair) =>
                ((double[])pair.Value!).Select((v, i) => (v, i)).Where(t => Math.Abs(t.v - alpha) <= alpha * 1e-9).Select(t => (object?)t.i).ToArray());
            result[name] = rejected;
        }

        return result;
    }
}
