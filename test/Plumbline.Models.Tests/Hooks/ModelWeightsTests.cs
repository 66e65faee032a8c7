using System.Text.Json;
using Plumbline.Models.Files;
using Plumbline.Models.Hooks;
using Plumbline.Tests;

namespace Plumbline.Models.Tests.Hooks;

/// <summary>Folding: golden weights and logits after each step, log-probabilities that stay, refusals where they would not.</summary>
public sealed class ModelWeightsTests
{
    public static TheoryData<string> Models => Whitebox.Models;

    public static TheoryData<string> Folders => HookedModelTests.Folders;

    [Theory]
    [MemberData(nameof(Models))]
    public void Steps_Golden_GiveWeightsAndLogits(string name)
    {
        using Safetensors expected = Safetensors.Open(Golden.Path("golden", "whitebox", "processing", name + ".safetensors"));
        ModelWeights raw = ModelWeights.Read(Whitebox.Path(name));
        int[] prompt = Whitebox.Prompt(name, "one");
        int cases = 0;
        foreach (GoldenCase c in Whitebox.Cases("processing.json", "steps", name))
        {
            string[] steps = [.. c.In.GetProperty("steps").EnumerateArray().Select(e => e.GetString()!)];
            ModelWeights weights = raw;
            foreach (string step in steps)
            {
                // The library leaves RMS norm models as they are without a word; we refuse, and go on with the other steps.
                if (step == "center_writing_weights" && raw.Config.Norm != NormKind.LayerNorm) Assert.Contains("change the function", Assert.Throws<InvalidOperationException>(() => Apply(weights, step)).Message, StringComparison.Ordinal);
                else weights = Apply(weights, step);
            }

            using HookedTransformer model = HookedTransformer.Load(weights, threads: 1);
            foreach (JsonProperty weight in c.Out!.Value.GetProperty("weights").EnumerateObject())
            {
                HookTensor got = model.Weight(weight.Name);
                double l2 = Math.Sqrt(got.Values.Sum(x => (double)x * x)), n = got.Values.Length;
                Golden.Close(weight.Value.GetProperty("l2").GetDouble(), l2, c.Rtol, c.Atol, $"{name} {c.Name} {weight.Name} l2");
                if (!weight.Value.TryGetProperty("sum", out JsonElement sum)) continue;
                Golden.Close(sum.GetDouble(), got.Values.Sum(x => (double)x), c.Rtol, c.Atol + (1e-6 * l2 * Math.Sqrt(n)), $"{name} {c.Name} {weight.Name} sum");
                Golden.Close(weight.Value.GetProperty("mean").GetDouble(), got.Values.Average(x => (double)x), c.Rtol, c.Atol + (1e-6 * l2 / Math.Sqrt(n)), $"{name} {c.Name} {weight.Name} mean");
                int i = 0;
                foreach (JsonElement first in weight.Value.GetProperty("first").EnumerateArray()) Golden.Close(first.GetDouble(), got.Values[i], c.Rtol, c.Atol, $"{name} {c.Name} {weight.Name} {i++}");
            }

            float[] want = Whitebox.Values(expected, steps.Length == 0 ? "raw" : string.Join('+', steps)), logits = model.Logits(prompt).Values;
            for (int i = 0; i < want.Length; i++) Golden.Close(want[i], logits[i], c.Rtol, c.Atol, $"{name} {c.Name} logits {i}");
            cases++;
        }

        Assert.True(cases >= 8);
    }

    [Theory]
    [MemberData(nameof(Folders))]
    public void Steps_EveryGoldenFolder_KeepLogProbsOrAreRefused(string folder)
    {
        ModelWeights raw = ModelWeights.Read(Golden.Path("golden", "models", folder));
        ModelConfig config = raw.Config;
        TokenBatch batch = TokenBatch.Padded([[3, 7, 5, 11, 2, 9], [4, 6, 8]]);
        using HookedTransformer own = HookedTransformer.Load(Golden.Path("golden", "models", folder), threads: 1);
        HookTensor before = own.Forward(batch).Logits!;
        bool normsBefore = raw.Description.AttentionNorm is not null && raw.Description.FinalNorm is not null;
        Check("", w => w, legitimate: true);
        Check("fold_ln", w => w.FoldNorms(), normsBefore);
        Check("center_writing_weights", w => w.CenterWriting(), normsBefore && config.Norm == NormKind.LayerNorm);
        Check("center_unembed", w => w.CenterUnembed(), config.LogitSoftcap is null);
        Check("fold_value_biases", w => w.FoldValueBiases(), legitimate: true);
        Check("refactor", w => w.RefactorAttention(), config.Positions == PositionKind.Learned);
        if (normsBefore && config is { Norm: NormKind.LayerNorm, LogitSoftcap: null }) Check("all", w => w.FoldNorms().CenterWriting().CenterUnembed().FoldValueBiases(), legitimate: true);

        void Check(string step, Func<ModelWeights, ModelWeights> apply, bool legitimate)
        {
            if (!legitimate)
            {
                Assert.Throws<InvalidOperationException>(() => apply(raw));
                return;
            }

            using HookedTransformer model = HookedTransformer.Load(apply(raw), threads: 1);
            HookTensor after = model.Forward(batch).Logits!;
            for (int row = 0; row < 2; row++)
            {
                for (int i = 0; i < (row == 0 ? 6 : 3); i++)
                {
                    double[] want = LogProbs(before.Row(row, i)), got = LogProbs(after.Row(row, i));
                    for (int id = 0; id < want.Length; id++) Golden.Close(want[id], got[id], 1e-5, 1e-4, $"{folder} {step} {row} {i} {id}");
                }
            }
        }

        static double[] LogProbs(ReadOnlySpan<float> logits)
        {
            double[] values = [.. logits.ToArray().Select(x => (double)x)];
            double max = values.Max(), sum = max + Math.Log(values.Sum(x => Math.Exp(x - max)));
            return [.. values.Select(x => x - sum)];
        }
    }

    [Fact]
    public void Steps_WhatIsDoneOrWouldChangeTheFunction_AreRefused()
    {
        ModelWeights gpt2 = ModelWeights.Read(Whitebox.Path("tiny-gpt2")), llama = ModelWeights.Read(Whitebox.Path("tiny-llama"));
        Assert.Contains("folded already", Assert.Throws<InvalidOperationException>(() => gpt2.FoldNorms().FoldNorms()).Message, StringComparison.Ordinal);
        Assert.Contains("change the function", Assert.Throws<InvalidOperationException>(() => llama.CenterWriting()).Message, StringComparison.Ordinal);
        Assert.Contains("change the function", Assert.Throws<InvalidOperationException>(() => llama.RefactorAttention()).Message, StringComparison.Ordinal);
        ModelWeights bert = ModelWeights.Read(Golden.Path("golden", "models", "bert"));
        Assert.Contains("behind", Assert.Throws<InvalidOperationException>(() => bert.FoldNorms()).Message, StringComparison.Ordinal);
        Assert.Equal(["fold_ln", "center_unembed"], gpt2.FoldNorms().CenterUnembed().Steps);
        Assert.Empty(gpt2.Steps);
    }

    private static ModelWeights Apply(ModelWeights weights, string step) => step switch
    {
        "fold_ln" => weights.FoldNorms(),
        "center_writing_weights" => weights.CenterWriting(),
        "center_unembed" => weights.CenterUnembed(),
        "fold_value_biases" => weights.FoldValueBiases(),
        "refactor_factored_attn_matrices" => weights.RefactorAttention(),
        _ => throw new InvalidOperationException(step),
    };
}
