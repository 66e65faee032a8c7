using System.Text.Json;
using Plumbline.Explain.Neurons;
using Plumbline.Explain.Overthinking;
using Plumbline.Explain.SafetyHeads;
using Plumbline.Models.Hooks;
using Plumbline.Models.Tests.Hooks;
using Plumbline.Tests;

namespace Plumbline.Explain.Tests;

/// <summary>neurons.json, overthinking.json and safety-heads.json of golden/whitebox.</summary>
public sealed class NeuronAndSafetyTests
{
    public static TheoryData<string> Models { get; } = ["tiny-gpt2", "tiny-llama", "tiny-qwen2", "tiny-neox", "stories260k"];

    [Theory]
    [MemberData(nameof(Models))]
    public void Neurons_Golden(string name)
    {
        using HookedTransformer model = Whitebox.Load(name);
        int[][] rows = Whitebox.Rows(Whitebox.Prompts(name).GetProperty("dataset"));
        int cases = 0;
        foreach (GoldenCase c in Whitebox.Cases("neurons.json", "statistics", name))
        {
            NeuronStatistics got = NeuronStatistics.Of(model, rows, c.In.GetProperty("layer").GetInt32(), c.In.GetProperty("neuron").GetInt32(), 5, TestContext.Current.CancellationToken);
            JsonElement want = c.Out!.Value;
            for (int i = 0; i < 5; i++)
            {
                Golden.Close(want.GetProperty("top")[i][0].GetDouble(), got.Top[i].Value, c.Rtol, c.Atol, $"{name} {c.Name} top {i}");
                Assert.Equal((want.GetProperty("top")[i][1].GetInt32(), want.GetProperty("top")[i][2].GetInt32()), (got.Top[i].Row, got.Top[i].Position));
                Assert.Equal(want.GetProperty("promotes")[i].GetInt32(), got.Promotes[i].Id);
            }

            Grid.Close(c, "promotesBy", [.. got.Promotes.Select(p => p.By)]);
            Grid.Close(c, "mean", got.Mean);
            Grid.Close(c, "standardDeviation", got.StandardDeviation);
            Grid.Close(c, "skewness", got.Skewness);
            Grid.Close(c, "min", got.Least);
            Grid.Close(c, "density", got.Density);
            Grid.Close(c, "quantiles", [.. new[] { .05, .25, .5, .75, .95, .99 }.Select(got.Quantile)]);
            cases++;
        }

        Assert.True(cases >= 5);
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void Overthinking_Golden(string name)
    {
        using HookedTransformer model = Whitebox.Load(name);
        int[] clean = Whitebox.Prompt(name, "clean");
        GoldenCase lens = Whitebox.Cases("overthinking.json", "lensShare", name).Single();
        LabelLens got = LabelLens.Of(model, clean, Whitebox.Ints(lens.In.GetProperty("labels")), TestContext.Current.CancellationToken);
        Grid.Close(lens, "mass", got.Mass);
        for (int row = 0; row < got.Shares.Count; row++)
        {
            for (int label = 0; label < 2; label++) Golden.Close(lens.Out!.Value.GetProperty("share")[row][label].GetDouble(), got.Shares[row][label], lens.Rtol, lens.Atol, $"{name} {row} {label}");
        }

        GoldenCase zeroed = Whitebox.Cases("overthinking.json", "lastPositionZeroed", name).Single();
        string[] parts = zeroed.In.GetProperty("zeroed").GetString() == "qkv" ? ["q", "k", "v"] : ["q"];
        Func<HookTensor, double> difference = Whitebox.Difference(name);
        double[,] logitDifferences = new double[model.Config.Layers, model.Config.Heads];
        for (int layer = 0; layer < model.Config.Layers; layer++)
        {
            for (int head = 0; head < model.Config.Heads; head++)
                logitDifferences[layer, head] = difference(model.Forward(TokenBatch.Of(clean), new HookRun { Edits = [.. parts.Select(part => Ablation.Zero($"blocks.{layer}.attn.hook_{part}", new() { Head = head, Position = clean.Length - 1 }))] }).Logits!);
        }

        Grid.Close(zeroed, "logitDiff", logitDifferences);
    }

    [Fact]
    public void OverthinkingArithmetic_Golden()
    {
        using JsonDocument file = Golden.Json("golden", "whitebox", "overthinking.json");
        foreach (GoldenCase c in Golden.Cases(file, "calibratedAccuracy"))
        {
            CalibratedAccuracy got = CalibratedAccuracy.Of([.. c.In.GetProperty("p").EnumerateArray().Select(Numbers)], Whitebox.Ints(c.In.GetProperty("labels")));
            Grid.Close(c, "thresholds", got.Thresholds);
            Grid.Close(c, "calibratedAccuracy", got.Value);
        }

        foreach (GoldenCase c in Golden.Cases(file, "criticalLayer"))
        {
            JsonElement want = c.Out!.Value.GetProperty("criticalLayer");
            Assert.Equal(want.ValueKind == JsonValueKind.Null ? null : want.GetInt32(), CriticalLayer.Of(Numbers(c.In.GetProperty("accuracyTrue")), Numbers(c.In.GetProperty("accuracyFalse"))));
        }

        foreach (GoldenCase c in Golden.Cases(file, "falseInduction"))
        {
            FalseInductionScore got = FalseInductionScore.Of(Numbers(c.In.GetProperty("attention")), Whitebox.Ints(c.In.GetProperty("labelPositions")), Whitebox.Ints(c.In.GetProperty("labelClasses")), c.In.GetProperty("queryClass").GetInt32());
            Grid.Close(c, "same", got.Same);
            foreach ((string key, double? value) in new[] { ("otherMean", got.OtherMean), ("score", got.Value) })
            {
                if (c.Out!.Value.GetProperty(key).ValueKind == JsonValueKind.Null) Assert.Null(value);
                else Grid.Close(c, key, value!.Value);
            }
        }

        static double[] Numbers(JsonElement list) => [.. list.EnumerateArray().Select(e => e.GetDouble())];
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void SafetyHeads_Golden(string name)
    {
        using HookedTransformer model = Whitebox.Load(name);
        foreach (GoldenCase c in Whitebox.Cases("safety-heads.json", "ships", name))
        {
            HeadScaling? scaling = c.In.GetProperty("ablation").GetString() switch { "undifferentiatedQ" => HeadScaling.Queries, "undifferentiatedK" => HeadScaling.Keys, "scalingZ" => HeadScaling.Output, _ => null };
            if (scaling is { } which) Grid.Close(c, "kl", Ships.Of(model, Whitebox.Prompt(name, c.In.GetProperty("prompt").GetString()!), which, c.In.GetProperty("epsilon").GetDouble(), TestContext.Current.CancellationToken));
        }

        GoldenCase edit = Whitebox.Cases("safety-heads.json", "weightEdit", name).Single();
        int[] prompt = Whitebox.Prompt(name, "one");
        int layer = edit.In.GetProperty("head")[0].GetInt32(), head = edit.In.GetProperty("head")[1].GetInt32(), d = model.Config.HeadDimension;
        float epsilon = (float)edit.In.GetProperty("epsilon").GetDouble();
        HookTensor clean = model.Logits(prompt);
        ModelWeights weights = ModelWeights.Read(Whitebox.Path(name));
        string query = $"blocks.{layer}.attn.q.";
        ModelWeights without = weights.With(query + "weight", Scaled(weights.Get(query + "weight"))), with = without.With(query + "bias", Scaled(weights.Get(query + "bias")));
        Grid.Close(edit, "weightOnly", Moved(without));
        Grid.Close(edit, "weightAndBias", Moved(with));
        Grid.Close(edit, "hook", Ships.Of(model, prompt, HeadScaling.Queries, epsilon, TestContext.Current.CancellationToken)[layer, head]);

        HookTensor Scaled(HookTensor rows)
        {
            int width = rows.Values.Length / rows.Shape[0];
            for (int i = head * d * width; i < (head + 1) * d * width; i++) rows.Values[i] *= epsilon;
            return rows;
        }

        double Moved(ModelWeights changed)
        {
            using HookedTransformer other = HookedTransformer.Load(changed, threads: 1);
            return Ships.Divergence(clean.Row(0, prompt.Length - 1), other.Logits(prompt).Row(0, prompt.Length - 1));
        }
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void Sahara_Golden(string name)
    {
        using HookedTransformer model = Whitebox.Load(name);
        GoldenCase c = Whitebox.Cases("safety-heads.json", "sahara", name).Single();
        Sahara sahara = new(model, Whitebox.Rows(Whitebox.Prompts(name).GetProperty("dataset")), c.In.GetProperty("epsilon").GetDouble(), TestContext.Current.CancellationToken);
        Grid.Checksum(c, "states", sahara.States);
        Grid.Close(c, "singularValues", [.. sahara.SingularValues.Take(6)]);
        double[][,] scores = [.. Enumerable.Range(0, 3).Select(_ => new double[model.Config.Layers, model.Config.Heads])];
        for (int layer = 0; layer < model.Config.Layers; layer++)
        {
            for (int head = 0; head < model.Config.Heads; head++)
            {
                for (int rank = 1; rank <= 3; rank++) scores[rank - 1][layer, head] = sahara.Score([(layer, head)], rank);
                IReadOnlyList<double> cosines = sahara.Cosines([(layer, head)], 3);
                for (int i = 0; i < 3; i++) Golden.Close(c.Out!.Value.GetProperty("cosinesRank3")[layer][head][i].GetDouble(), cosines[i], c.Rtol, c.Atol, $"{name} {layer}.{head} cosine {i}");
            }
        }

        for (int rank = 1; rank <= 3; rank++) Grid.Close(c, $"scoreRank{rank}", scores[rank - 1]);
        IReadOnlyList<((int Layer, int Head) Head, double Score)> greedy = sahara.Greedy(2);
        JsonElement want = c.Out!.Value.GetProperty("greedyRank1");
        for (int i = 0; i < 2; i++)
        {
            Assert.Equal((want.GetProperty("heads")[i][0].GetInt32(), want.GetProperty("heads")[i][1].GetInt32()), greedy[i].Head);
            Golden.Close(want.GetProperty("scores")[i].GetDouble(), greedy[i].Score, c.Rtol, c.Atol, $"{name} greedy {i}");
        }
    }

    [Fact]
    public void Methods_WhatCannotBe_IsRefused()
    {
        using HookedTransformer model = Whitebox.Load("tiny-gpt2");
        Sahara sahara = new(model, [[0, 1, 2], [0, 3, 4]], cancellationToken: TestContext.Current.CancellationToken);
        Assert.Contains("no subspace", Assert.Throws<ArgumentOutOfRangeException>(() => sahara.Score([(0, 0)], 3)).Message, StringComparison.Ordinal);
        Assert.Contains("correspond", Assert.Throws<ArgumentException>(() => Sahara.PrincipalAngles(new double[2, 3], new double[3, 3], 1)).Message, StringComparison.Ordinal);
        Assert.Contains("no ablation", Assert.Throws<ArgumentOutOfRangeException>(() => Ships.Of(model, [0, 1], HeadScaling.Queries, -1e-4, TestContext.Current.CancellationToken)).Message, StringComparison.Ordinal);
        Assert.Contains("nothing to decide", Assert.Throws<ArgumentException>(() => CalibratedAccuracy.Of([[1.0]], [0])).Message, StringComparison.Ordinal);
        Assert.Contains("out of range", Assert.Throws<ArgumentException>(() => LabelLens.Of(model, [0, 1], [5, 83], TestContext.Current.CancellationToken)).Message, StringComparison.Ordinal);
    }
}
