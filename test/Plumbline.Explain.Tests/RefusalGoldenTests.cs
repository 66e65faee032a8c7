using System.Text.Json;
using Plumbline.Explain.Circuits;
using Plumbline.Explain.Heads;
using Plumbline.Explain.Overthinking;
using Plumbline.Explain.SafetyHeads;
using Plumbline.Models.Hooks;
using Plumbline.Models.Tests.Hooks;
using Plumbline.Tests;

namespace Plumbline.Explain.Tests;

/// <summary>errors.json of golden/whitebox: each of its cases is refused, or stands here with the reason why it cannot occur.</summary>
public sealed class RefusalGoldenTests
{
    private static readonly int[] s_prompt = [0, 26, 82, 12];

    // Not here: what needs gradients (the tests of the differentiable forward refuse it), and what no model that we open is.
    private static readonly Dictionary<string, string> s_elsewhere = new(StringComparer.Ordinal)
    {
        ["gradient at a hook whose run had gradients off"] = "GradientTests.Gradients_WhatHasNone_IsRefused",
        ["gradient of a tensor with more than one element"] = "GradientTests.Gradients_WhatHasNone_IsRefused",
        ["hook_mlp_out on an attention-only model"] = "no architecture that is read lacks an MLP; the attention-only models lie as GPT-2 folders whose MLP is zero",
    };

    [Fact]
    public void Errors_EveryGoldenCase_IsRefused()
    {
        using JsonDocument file = Golden.Json("golden", "whitebox", "errors.json");
        using HookedTransformer gpt2 = Whitebox.Load("tiny-gpt2"), neox = Whitebox.Load("tiny-neox"), qwen = Whitebox.Load("tiny-qwen2");
        Func<HookTensor, double> metric = ActivationPatching.LogitDifference(1, 2);
        ActivationPatching same = new(qwen, [0, 1, 2], [0, 1, 2], metric);
        PathPatching serial = new(gpt2, [0, 1, 2], [0, 3, 2], metric), parallel = new(neox, [0, 1, 2], [0, 3, 2], metric);
        Sahara sahara = new(gpt2, [[0, 1, 2], [0, 3, 4]], cancellationToken: TestContext.Current.CancellationToken);
        HookTensor residual = gpt2.Forward(TokenBatch.Of(s_prompt)).Residual;
        Dictionary<string, Action> calls = new(StringComparer.Ordinal)
        {
            ["hook name blocks.0.attn.hook_patern"] = () => Run(new() { Keep = ["blocks.0.attn.hook_patern"] }),
            ["hook name blocks.3.hook_resid_pre (layers = 3)"] = () => Run(new() { Keep = ["blocks.3.hook_resid_pre"] }),
            ["name filter that matches nothing"] = () => Run(new() { Keep = ["blocks.*.hook_nothing"] }),
            ["edit at hook_z returns [batch, pos, heads] instead of [batch, pos, heads, d_head]"] = () => Run(new() { Edits = [new("blocks.0.attn.hook_z", (z, _) => new HookTensor([z.Shape[0], z.Shape[1], z.Shape[2]], new float[z.Values.Length / z.Shape[3]]))] }),
            ["edit at hook_resid_pre returns one row [1, 1, d_model] for a longer prompt"] = () => Run(new() { Edits = [new("blocks.0.hook_resid_pre", (x, _) => new HookTensor([1, 1, x.Shape[2]], new float[x.Shape[2]]))] }),
            ["edit returns NaN"] = () => Run(new() { Edits = [new("blocks.0.hook_resid_pre", (x, _) => { x.Values[0] = float.NaN; return x; })] }),
            ["token id 83 (vocabulary 83)"] = () => gpt2.Forward(TokenBatch.Of([0, 83])),
            ["token id -1"] = () => gpt2.Forward(TokenBatch.Of([0, -1])),
            ["prompt of 25 tokens (context 24)"] = () => gpt2.Forward(TokenBatch.Of([.. Enumerable.Repeat(1, 25)])),
            ["prompt of 0 tokens"] = () => gpt2.Forward(TokenBatch.Of([])),
            ["mask with a hole: 1 1 0 1"] = () => gpt2.Forward(new TokenBatch([[1, 2, 3, 4]], [[1, 1, 0, 1]])),
            ["mask all zero in a row"] = () => gpt2.Forward(new TokenBatch([[1, 2]], [[0, 0]])),
            ["start_at_layer 4"] = () => Run(new() { StartAtLayer = 4, Residual = residual }),
            ["start_at_layer 1 with a tensor of another width"] = () => Run(new() { StartAtLayer = 1, Residual = new HookTensor([1, 4, 31], new float[124]) }),
            ["patch between prompts of different length"] = () => _ = new ActivationPatching(gpt2, [0, 1, 2], [0, 1], metric),
            ["mean ablation over an empty set"] = () => Ablation.MeanByPosition(),
            ["normalised patching score with clean = corrupt logit difference"] = () => same.Restored(1),
            ["answer = wrong token"] = () => ActivationPatching.LogitDifference(1, 1),
            ["composition score with the earlier head's layer >= the later head's layer"] = () => CompositionScores.Of(new HeadCircuits(gpt2, 1, 0), new HeadCircuits(gpt2, 1, 1), Composition.Key),
            ["path patching with receiver layer <= sender layer"] = () => serial.Direct(ResidualNode.Head(1, 0), ResidualNode.Query(1, 0)),
            ["path patching into the residual of a parallel block's MLP of the same layer"] = () => parallel.Direct(ResidualNode.Head(0, 0), ResidualNode.Mlp(0)),
            ["hook_resid_mid on a parallel-residual model"] = () => neox.Forward(TokenBatch.Of(s_prompt), new() { Keep = ["blocks.0.hook_resid_mid"] }),
            ["hook_pre_linear on a model without gate"] = () => Run(new() { Keep = ["blocks.0.mlp.hook_pre_linear"] }),
            ["head index = number of heads"] = () => same.Patch("blocks.0.attn.hook_q", new() { Head = 5 }),
            ["kv head index >= kv_heads at hook_k of a grouped-query model"] = () => same.Patch("blocks.0.attn.hook_k", new() { Head = 1 }),
            ["center_writing_weights alone on an RMSNorm model"] = () => ModelWeights.Read(Whitebox.Path("tiny-llama")).CenterWriting(),
            ["fold_ln on a model without norms, or twice"] = () => ModelWeights.Read(Whitebox.Path("tiny-gpt2")).FoldNorms().FoldNorms(),
            ["refactor_factored_attn_matrices with rotary positions"] = () => ModelWeights.Read(Whitebox.Path("tiny-neox")).RefactorAttention(),
            ["Sahara with rank r > min(rows, d_model)"] = () => sahara.Score([(0, 0)], 3),
            ["Sahara with different row sets"] = () => Sahara.PrincipalAngles(new double[2, 3], new double[3, 3], 1),
            ["Ships with epsilon < 0"] = () => Ships.Of(gpt2, s_prompt, HeadScaling.Queries, -1),
            ["induction score with repeat length 0 or >= half the sequence + 1"] = () => RepeatedSequenceScores.Of(gpt2, [[0, 1, 2, 1, 2]], 3, start: true),
            ["prefix-matching score on a sequence without repeats"] = () => PrefixMatchingScore.Of(gpt2, [[0, 1, 2, 3]]),
            ["in-context-learning score at positions outside the curve"] = () => PositionLosses.Of(gpt2, [[0, 1, 2, 3]]).Score(4, 1),
            ["calibrated accuracy with one class"] = () => CalibratedAccuracy.Of([[1.0]], [0]),
            ["logit lens answer token outside the vocabulary"] = () => LogitLens.Of(gpt2, s_prompt).LogProb(0, 0, 83),
        };
        int refused = 0;
        foreach (string what in Golden.Cases(file, "tried").Concat(Golden.Cases(file, "byDefinition")).Select(c => c.In.GetProperty("what").GetString()!))
        {
            if (s_elsewhere.ContainsKey(what)) continue;
            Assert.True(calls.TryGetValue(what, out Action? call), $"no test for: {what}");
            Exception thrown = Assert.ThrowsAny<Exception>(call);
            Assert.True(thrown is ArgumentException or InvalidOperationException or HookException, $"{what}: {thrown}");
            Assert.True(thrown.Message.Length > 20, what);
            refused++;
        }

        Assert.Equal(36, refused);

        void Run(HookRun run) => gpt2.Forward(TokenBatch.Of(s_prompt), run);
    }
}
