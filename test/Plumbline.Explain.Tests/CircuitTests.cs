using System.Numerics;
using System.Text.Json;
using CsCheck;
using Plumbline.Explain.Circuits;
using Plumbline.Models.Hooks;
using Plumbline.Models.Tests.Hooks;
using Plumbline.Tests;

namespace Plumbline.Explain.Tests;

/// <summary>circuits.json of golden/whitebox.</summary>
public sealed class CircuitTests
{
    public static TheoryData<string> AllModels => Whitebox.Models;

    [Theory]
    [MemberData(nameof(AllModels))]
    public void Circuits_Golden(string name)
    {
        foreach (string weights in new[] { "raw", "folded" })
        {
            using HookedTransformer model = Load(name, weights);
            foreach (GoldenCase c in Whitebox.Cases("circuits.json", "heads", name).Where(c => c.In.GetProperty("weights").GetString() == weights))
            {
                HeadCircuits head = new(model, c.In.GetProperty("head")[0].GetInt32(), c.In.GetProperty("head")[1].GetInt32());
                double[,] full = head.FullOV;
                Grid.Checksum(c, "ovFull", full);
                Grid.Checksum(c, "qkFull", head.FullQK);
                Eigenvalues(c, "ovFullEigenvalues", head.FullOVEigenvalues);
                Eigenvalues(c, "qkFullEigenvalues", head.FullQKEigenvalues);
                Eigenvalues(c, "ovEigenvalues", head.OVEigenvalues);
                Grid.Close(c, "copyingScore", HeadCircuits.PositiveShare(head.FullOVEigenvalues));
                Grid.Close(c, "qkScore", HeadCircuits.PositiveShare(head.FullQKEigenvalues));
                Grid.Close(c, "ovScore", HeadCircuits.PositiveShare(head.OVEigenvalues));
                Grid.Close(c, "ovFrobenius", Matrices.Norm(head.OV));
                Grid.Close(c, "qkFrobenius", Matrices.Norm(head.QK));
                Grid.Close(c, "ovSingularValues", head.OVSingularValues);
                Grid.Close(c, "qkSingularValues", head.QKSingularValues);
                Grid.Close(c, "ovTop1", HeadCircuits.OwnAmongTop(full, 1));
                Grid.Close(c, "ovTop5", HeadCircuits.OwnAmongTop(full, 5));
                Grid.Close(c, "ovPositiveDiagonal", HeadCircuits.PositiveDiagonal(full));
            }
        }

        // Equal moduli come in any order: each expected value must have a near one of its own.
        static void Eigenvalues(GoldenCase c, string key, IReadOnlyList<Complex> got)
        {
            JsonElement want = c.Out!.Value.GetProperty(key);
            List<Complex> left = [.. got];
            Assert.Equal(want[0].GetArrayLength(), left.Count);
            double largest = got.Max(Complex.Abs);
            for (int i = 0; i < want[0].GetArrayLength(); i++)
            {
                Complex expected = new(want[0][i].GetDouble(), want[1][i].GetDouble()), nearest = left.MinBy(value => Complex.Abs(value - expected));
                Golden.Close(0, Complex.Abs(nearest - expected), 0, c.Atol + (c.Rtol * largest), $"{c.Name} {key} {i}");
                left.Remove(nearest);
            }
        }
    }

    [Theory]
    [MemberData(nameof(AllModels))]
    public void Composition_Golden(string name)
    {
        foreach (string weights in new[] { "raw", "folded" })
        {
            using HookedTransformer model = Load(name, weights);
            GoldenCase c = Whitebox.Cases("circuits.json", "composition", name).Single(c => c.In.GetProperty("weights").GetString() == weights);
            int layers = model.Config.Layers, heads = model.Config.Heads;
            HeadCircuits[][] circuits = [.. Enumerable.Range(0, layers).Select(layer => Enumerable.Range(0, heads).Select(head => new HeadCircuits(model, layer, head)).ToArray())];
            Grid.Close(c, "baseline", CompositionScores.Baseline(model));
            foreach ((string key, Composition through) in new[] { ("Q", Composition.Query), ("K", Composition.Key), ("V", Composition.Value) })
            {
                JsonElement want = c.Out!.Value.GetProperty(key);
                double sum = 0;
                for (int earlier = 0; earlier < layers; earlier++)
                {
                    for (int later = earlier + 1; later < layers; later++)
                    {
                        for (int a = 0; a < heads; a++)
                        {
                            for (int b = 0; b < heads; b++)
                            {
                                double got = CompositionScores.Of(circuits[earlier][a], circuits[later][b], through);
                                sum += got;
                                JsonElement? expected = earlier == 0 ? want.GetProperty("scores")[later - 1][a][b] : earlier == 1 ? want.GetProperty("layer1ToLater")[later - 2][a][b] : null;
                                if (expected is { } e) Golden.Close(e.GetDouble(), got, c.Rtol, c.Atol, $"{name} {weights} {key} {earlier}.{a} {later}.{b}");
                            }
                        }
                    }
                }

                Golden.Close(want.GetProperty("sum").GetDouble(), sum, c.Rtol, c.Atol, $"{name} {weights} {key} sum");
            }

            Assert.Contains("no path", Assert.Throws<ArgumentException>(() => CompositionScores.Of(circuits[1][0], circuits[0][0], Composition.Query)).Message, StringComparison.Ordinal);
            Assert.Contains("no path", Assert.Throws<ArgumentException>(() => CompositionScores.Of(circuits[1][0], circuits[1][0], Composition.Value)).Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("tiny-gpt2")]
    [InlineData("induction-2l")]
    [InlineData("induction-2l-control")]
    public void PositionalAndInductionCircuits_Golden(string name)
    {
        int cases = 0;
        foreach (string weights in new[] { "raw", "folded" })
        {
            using HookedTransformer model = Load(name, weights);
            foreach (GoldenCase c in Whitebox.Cases("circuits.json", "positional", name).Where(c => c.In.GetProperty("weights").GetString() == weights))
            {
                PositionalCircuit got = PositionalCircuit.Of(model, c.In.GetProperty("head")[0].GetInt32(), c.In.GetProperty("head")[1].GetInt32());
                Grid.Checksum(c, "scores", got.Scores);
                Grid.Close(c, "previous", got.Previous);
                Grid.Close(c, "current", got.Current);
                Grid.Close(c, "first", got.First);
                cases++;
            }

            foreach (GoldenCase c in Whitebox.Cases("circuits.json", "inductionCircuit", name).Where(c => c.In.GetProperty("weights").GetString() == weights))
            {
                InductionCircuit got = InductionCircuit.Of(model, Head(c.In.GetProperty("previous")), Head(c.In.GetProperty("induction")));
                Grid.Checksum(c, "matrix", got.Matrix);
                Grid.Close(c, "top1", got.Top1);
                Grid.Close(c, "diagonalMeanMinusMean", got.DiagonalExcess);
                cases++;
            }
        }

        Assert.True(cases >= 16);

        static (int, int) Head(JsonElement pair) => (pair[0].GetInt32(), pair[1].GetInt32());
    }

    [Fact]
    public void Eigenvalues_AnyMatrix_HaveItsTraceAndThatOfItsSquare() =>
        Gen.Double[-3, 3].Array[25].Sample(values =>
        {
            double[,] a = new double[5, 5];
            for (int i = 0; i < 25; i++) a[i / 5, i % 5] = values[i];
            Complex[] eigenvalues = Eigenvalues.Of(a);
            double[,] square = Matrices.Product(a, a);
            Complex trace = eigenvalues.Aggregate(Complex.Zero, (sum, x) => sum + x), second = eigenvalues.Aggregate(Complex.Zero, (sum, x) => sum + (x * x));
            Golden.Close(Enumerable.Range(0, 5).Sum(i => a[i, i]), trace.Real, 1e-8, 1e-8, "trace");
            Golden.Close(0, trace.Imaginary, 0, 1e-8, "imaginary part");
            Golden.Close(Enumerable.Range(0, 5).Sum(i => square[i, i]), second.Real, 1e-7, 1e-7, "trace of the square");
        }, iter: 300);

    private static HookedTransformer Load(string name, string weights)
    {
        if (weights == "raw") return Whitebox.Load(name);
        ModelWeights folded = ModelWeights.Read(Whitebox.Path(name)).FoldNorms();
        if (folded.Config.Norm == Models.Files.NormKind.LayerNorm) folded = folded.CenterWriting();
        return HookedTransformer.Load(folded.CenterUnembed().FoldValueBiases(), threads: 1);
    }
}
