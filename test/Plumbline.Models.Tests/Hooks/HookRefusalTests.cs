using Plumbline.Models.Hooks;

namespace Plumbline.Models.Tests.Hooks;

/// <summary>What golden/whitebox/errors.json says must be refused, as far as it concerns the forward pass and its edits.</summary>
public sealed class HookRefusalTests
{
    private static readonly int[] s_prompt = [0, 26, 82, 12];

    [Theory]
    [InlineData("blocks.0.attn.hook_patern", "blocks.0.attn.hook_pattern")]
    [InlineData("blocks.3.hook_resid_pre", "out of range")]
    [InlineData("blocks.*.hook_nothing", "There is no hook")]
    [InlineData("blocks.0.mlp.hook_pre_linear", "There is no hook")]
    public void Run_UnknownHook_IsRefusedWithWhatIsNear(string pattern, string hint)
    {
        using HookedTransformer model = Whitebox.Load("tiny-gpt2");
        Assert.Contains(hint, Refused(model, new HookRun { Keep = [pattern] }), StringComparison.Ordinal);
        Assert.Contains(hint, Refused(model, new HookRun { Edits = [Ablation.Zero(pattern)] }), StringComparison.Ordinal);
    }

    [Fact]
    public void Run_MiddleOfParallelBlock_IsNoHook()
    {
        using HookedTransformer model = Whitebox.Load("tiny-neox");
        Refused(model, new HookRun { Keep = ["blocks.0.hook_resid_mid"] });
    }

    [Fact]
    public void Run_HookThatIsNotReached_IsRefused()
    {
        using HookedTransformer model = Whitebox.Load("tiny-gpt2");
        Assert.Contains("does not reach", Refused(model, new HookRun { StopAtLayer = 1, Keep = ["blocks.2.hook_resid_pre"] }), StringComparison.Ordinal);
        Assert.Contains("does not reach", Refused(model, new HookRun { StopAtLayer = 1, Keep = ["unembed.hook_out"] }), StringComparison.Ordinal);
    }

    [Fact]
    public void Run_EditOfAnotherShape_IsRefused()
    {
        using HookedTransformer model = Whitebox.Load("tiny-gpt2");
        Assert.Contains("must stay", Refused(model, new HookRun { Edits = [new("blocks.0.attn.hook_z", (z, _) => new HookTensor([z.Shape[0], z.Shape[1], z.Shape[2]], new float[z.Values.Length / z.Shape[3]]))] }), StringComparison.Ordinal);
        Assert.Contains("must stay", Refused(model, new HookRun { Edits = [new("blocks.0.hook_resid_pre", (x, _) => new HookTensor([1, 1, x.Shape[2]], new float[x.Shape[2]]))] }), StringComparison.Ordinal);
    }

    [Fact]
    public void Run_EditThatGivesNaN_NamesTheHook()
    {
        using HookedTransformer model = Whitebox.Load("tiny-gpt2");
        HookException e = Assert.Throws<HookException>(() => model.Run(TokenBatch.Of(s_prompt), new HookRun { Edits = [new("blocks.1.hook_mlp_out", (x, _) => { x.Values[0] = float.NaN; return x; })] }, TestContext.Current.CancellationToken));
        Assert.Contains("blocks.1.hook_mlp_out", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Run_WrongTokens_AreRefused()
    {
        using HookedTransformer model = Whitebox.Load("tiny-gpt2");
        Assert.Contains("out of range", Refused(model, TokenBatch.Of([0, 83])), StringComparison.Ordinal);
        Assert.Contains("out of range", Refused(model, TokenBatch.Of([0, -1])), StringComparison.Ordinal);
        Assert.Contains("learned positions for 24", Refused(model, TokenBatch.Of([.. Enumerable.Repeat(1, 25)])), StringComparison.Ordinal);
        Assert.Contains("empty", Refused(model, TokenBatch.Of([])), StringComparison.Ordinal);
        Assert.Contains("one side", Refused(model, new TokenBatch([[1, 2, 3, 4]], [[1, 1, 0, 1]])), StringComparison.Ordinal);
        Assert.Contains("one side", Refused(model, new TokenBatch([[1, 2, 3, 4]], [[0, 1, 1, 0]])), StringComparison.Ordinal);
        Assert.Contains("all zero", Refused(model, new TokenBatch([[1, 2]], [[0, 0]])), StringComparison.Ordinal);
        Assert.Contains("Token type", Refused(model, new TokenBatch([[1, 2]], null, [[0, 1]])), StringComparison.Ordinal);
    }

    [Fact]
    public void Run_WrongStart_IsRefused()
    {
        using HookedTransformer model = Whitebox.Load("tiny-gpt2");
        HookTensor residual = model.Run(TokenBatch.Of(s_prompt), null, TestContext.Current.CancellationToken).Residual;
        Assert.Contains("out of range", Refused(model, new HookRun { StartAtLayer = 4, Residual = residual }), StringComparison.Ordinal);
        Assert.Contains("out of range", Refused(model, new HookRun { StopAtLayer = 4 }), StringComparison.Ordinal);
        Assert.Contains("needs the residual", Refused(model, new HookRun { StartAtLayer = 1 }), StringComparison.Ordinal);
        Assert.Contains("d_model", Refused(model, new HookRun { StartAtLayer = 1, Residual = new HookTensor([1, 4, 31], new float[124]) }), StringComparison.Ordinal);
    }

    [Fact]
    public void Patching_WhatDoesNotCorrespond_IsRefused()
    {
        using HookedTransformer model = Whitebox.Load("tiny-qwen2");
        Func<HookTensor, double> metric = ActivationPatching.LogitDifference(1, 2);
        Assert.Contains("do not correspond", Assert.Throws<ArgumentException>(() => new ActivationPatching(model, [0, 1, 2], [0, 1], metric)).Message, StringComparison.Ordinal);
        Assert.Contains("0 always", Assert.Throws<ArgumentException>(() => ActivationPatching.LogitDifference(1, 1)).Message, StringComparison.Ordinal);
        Assert.Contains("mean", Assert.Throws<ArgumentException>(() => Ablation.MeanByPosition()).Message, StringComparison.Ordinal);
        ActivationPatching same = new(model, [0, 1, 2], [0, 1, 2], metric);
        Assert.Throws<InvalidOperationException>(() => same.Restored(1));
        // Five query heads, one key and value head.
        Assert.Throws<ArgumentOutOfRangeException>(() => same.Patch("blocks.0.attn.hook_q", new() { Head = 5 }, TestContext.Current.CancellationToken));
        Assert.Throws<ArgumentOutOfRangeException>(() => same.Patch("blocks.0.attn.hook_k", new() { Head = 1 }, TestContext.Current.CancellationToken));
        Assert.Contains("heads", Assert.Throws<ArgumentException>(() => same.Patch("blocks.0.hook_mlp_out", new() { Head = 0 }, TestContext.Current.CancellationToken)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_Concurrent_GivesTheSameBits()
    {
        using HookedTransformer model = Whitebox.Load("tiny-neox");
        int[] prompt = Whitebox.Prompt("tiny-neox", "one");
        float[] want = model.Logits(prompt).Values;
        float[][] got = await Task.WhenAll(Enumerable.Range(0, 16).Select(i => Task.Run(() => i % 2 == 0
            ? model.Logits(prompt).Values
            : model.Forward(TokenBatch.Of(prompt), new HookRun { Keep = ["*"] }).Logits!.Values)));
        Assert.All(got, values => Assert.Equal(want, values));
    }

    private static string Refused(HookedTransformer model, HookRun run) => Assert.ThrowsAny<ArgumentException>(() => model.Forward(TokenBatch.Of(s_prompt), run)).Message;

    private static string Refused(HookedTransformer model, TokenBatch batch) => Assert.ThrowsAny<ArgumentException>(() => model.Forward(batch)).Message;
}
