using Plumbline.Models.Hooks;
using Plumbline.Models.Inference;
using Plumbline.Tests;

namespace Plumbline.Models.Tests.Hooks;

/// <summary>Hooks and steering with cached keys and values: what a run of all tokens gives.</summary>
public sealed class HookedSequenceTests
{
    public static TheoryData<string> Models => Whitebox.Models;

    public static TheoryData<string> Folders { get; } = ["gpt2", "gpt-j", "gpt-neox-parallel", "falcon", "gemma2", "gemma3-text", "mistral", "olmo2", "opt", "phi3", "qwen3", "stablelm", "llama-rope-yarn"];

    [Theory]
    [MemberData(nameof(Models))]
    public void Append_SteeredTokens_AreThoseOfOneRun(string name)
    {
        using HookedTransformer model = Whitebox.Load(name);
        Check(model, Whitebox.Prompt(name, "one"));
    }

    [Theory]
    [MemberData(nameof(Folders))]
    public void Append_EveryArchitecture_IsOneRun(string folder)
    {
        using HookedTransformer model = HookedTransformer.Load(Golden.Path("golden", "models", folder), threads: 2);
        Check(model, [3, 7, 5, 11, 2, 9, 4, 12, 3, 8, 6, 10]);
    }

    // A vector is added to the residual stream of every token behind the prompt.
    private static void Check(HookedTransformer model, int[] ids)
    {
        int prompt = ids.Length / 2, width = model.Config.HiddenSize;
        const string at = "blocks.1.hook_resid_pre";
        HookedOutput whole = model.Forward(TokenBatch.Of(ids), new HookRun { Keep = ["*"], Edits = [new(at, (value, _) => Steered(value, prompt))] });
        HookedSequence sequence = model.Begin();
        Compare(sequence.Append(ids[..prompt], new HookRun { Keep = ["*"] }, TestContext.Current.CancellationToken), 0, prompt);
        for (int i = prompt; i < ids.Length; i += 2)
        {
            // A step that fails leaves the sequence as it was.
            Assert.Throws<HookException>(() => sequence.Append([ids[i]], new HookRun { Edits = [new("blocks.1.hook_mlp_out", (value, _) => { value.Values[0] = float.NaN; return value; })] }, TestContext.Current.CancellationToken));
            int count = Math.Min(2, ids.Length - i);
            Compare(sequence.Append(ids[i..(i + count)], new HookRun { Keep = ["*"], Edits = [new(at, (value, _) => Steered(value, 0))] }, TestContext.Current.CancellationToken), i, count);
        }

        sequence.Truncate(prompt);
        Compare(sequence.Append(ids[prompt..], new HookRun { Keep = ["*"], Edits = [new(at, (value, _) => Steered(value, 0))] }, TestContext.Current.CancellationToken), prompt, ids.Length - prompt);

        void Compare(HookedOutput part, int first, int count)
        {
            Assert.Equal(whole.Cache.Keys, part.Cache.Keys);
            for (int i = 0; i < count; i++)
            {
                Span<float> want = whole.Logits!.Row(0, first + i), got = part.Logits!.Row(0, i);
                for (int id = 0; id < want.Length; id++) Golden.Close(want[id], got[id], 1e-4, 1e-4, $"logits {first + i} {id}");
                foreach (string hook in new[] { $"blocks.{model.Config.Layers - 1}.hook_resid_post", "blocks.1.attn.hook_z", "blocks.1.attn.hook_k" })
                {
                    want = whole.Cache[hook].Row(0, first + i);
                    got = part.Cache[hook].Row(0, i);
                    for (int d = 0; d < want.Length; d++) Golden.Close(want[d], got[d], 1e-4, 1e-4, $"{hook} {first + i} {d}");
                }

                for (int head = 0; head < model.Config.Heads; head++)
                {
                    want = whole.Cache["blocks.1.attn.hook_pattern"].Row(0, head, first + i);
                    got = part.Cache["blocks.1.attn.hook_pattern"].Row(0, head, i);
                    for (int key = 0; key < got.Length; key++) Golden.Close(want[key], got[key], 1e-4, 1e-4, $"pattern {first + i} {head} {key}");
                }
            }
        }

        HookTensor Steered(HookTensor value, int from)
        {
            for (int i = from; i < value.Shape[1]; i++)
            {
                for (int d = 0; d < width; d++) value[0, i, d] += 2 * MathF.Cos(d + 1);
            }

            return value;
        }
    }

    [Theory]
    [InlineData("tiny-gpt2")]
    [InlineData("tiny-llama")]
    public void Append_LeftPaddedRows_AreEachAlone(string name)
    {
        using HookedTransformer model = Whitebox.Load(name);
        int[][] rows = [[0, 5, 9, 3, 7], [4, 2]], next = [[6, 8], [11, 10]];
        HookedSequence together = model.Begin();
        together.Append(TokenBatch.Padded(rows, left: true), null, TestContext.Current.CancellationToken);
        HookTensor both = together.Append(new TokenBatch(next), null, TestContext.Current.CancellationToken).Logits!;
        for (int row = 0; row < 2; row++)
        {
            HookTensor alone = model.Logits([.. rows[row], .. next[row]]);
            for (int i = 0; i < 2; i++)
            {
                Span<float> want = alone.Row(0, rows[row].Length + i), got = both.Row(row, i);
                for (int id = 0; id < want.Length; id++) Golden.Close(want[id], got[id], 1e-4, 1e-4, $"{row} {i} {id}");
            }
        }
    }

    [Fact]
    public void Generate_Steered_IsGreedyOverWholeRuns()
    {
        using HookedTransformer model = Whitebox.Load("stories260k");
        int[] prompt = Whitebox.Prompt("stories260k", "one");
        HookEdit edit = new("blocks.2.hook_resid_pre", (value, _) =>
        {
            for (int i = 0; i < value.Values.Length; i++) value.Values[i] += 3 * MathF.Sin(i % value.Shape[2]);
            return value;
        });
        List<int> want = [];
        for (int i = 0; i < 12; i++)
        {
            Span<float> last = model.Forward(TokenBatch.Of([.. prompt, .. want]), new HookRun { Edits = [edit] }).Logits!.Row(0, prompt.Length + i - 1);
            int best = 0;
            for (int id = 0; id < last.Length; id++)
            {
                if (last[id] > last[best]) best = id;
            }

            want.Add(best);
        }

        GenerationOptions options = new() { MaxTokens = 12, IgnoreEnd = true };
        Assert.Equal(want, model.Generate(prompt, options, [edit], cancellationToken: TestContext.Current.CancellationToken));
        IReadOnlyList<int> plain = model.Generate(prompt, options, cancellationToken: TestContext.Current.CancellationToken);
        Assert.NotEqual(want, plain);
        // The prompt is the same, so the first new token is that of the unchanged model.
        Assert.Equal(plain[0], model.Generate(prompt, options, [edit], editPrompt: false, TestContext.Current.CancellationToken)[0]);
    }

    [Theory]
    [InlineData("llama-rope-dynamic")] // Every length above 12 turns all tokens anew.
    [InlineData("phi3-longrope")] // So does the one step from 12 to 13.
    public void Append_LengthThatTurnsTheBeginning_IsOneRunAtEachLength(string folder)
    {
        using HookedTransformer model = HookedTransformer.Load(Golden.Path("golden", "models", folder), threads: 2);
        int[] ids = [3, 7, 5, 11, 2, 9, 4, 12, 3, 8, 6, 10, 14, 5, 21, 7, 33, 4, 8];
        const int Prompt = 9;
        int width = model.Config.HiddenSize;
        HookRun step = new() { Keep = ["*"], Edits = [new("blocks.1.hook_resid_pre", (value, _) => Steered(value, 0)), new("unembed.hook_out", (value, _) => value)] };
        HookedSequence sequence = model.Begin();
        Compare(sequence.Append(ids[..Prompt], new HookRun { Keep = ["*"] }, TestContext.Current.CancellationToken), 0, Prompt);
        for (int i = Prompt; i < ids.Length; i++)
        {
            Assert.Throws<HookException>(() => sequence.Append([ids[i]], new HookRun { Edits = [new("blocks.1.hook_mlp_out", (value, _) => { value.Values[0] = float.NaN; return value; })] }, TestContext.Current.CancellationToken));
            Assert.Equal(i, sequence.Length);
            Compare(sequence.Append([ids[i]], step, TestContext.Current.CancellationToken), i, 1);
        }

        // Back below the trained length, within a step and between two, and on beyond it at once.
        foreach (int length in new[] { Prompt + 2, Prompt, Prompt - 3 })
        {
            sequence.Truncate(length);
            if (length < Prompt) sequence.Append(ids[length..Prompt], null, TestContext.Current.CancellationToken);
            int from = Math.Max(length, Prompt);
            Compare(sequence.Append(ids[from..], step, TestContext.Current.CancellationToken), from, ids.Length - from);
        }

        void Compare(HookedOutput part, int first, int count)
        {
            HookedOutput whole = model.Forward(TokenBatch.Of(ids[..(first + count)]), new HookRun { Keep = ["*"], Edits = [new("blocks.1.hook_resid_pre", (value, _) => Steered(value, Prompt))] });
            Assert.Equal(whole.Cache.Keys, part.Cache.Keys);
            foreach ((string hook, HookTensor value) in part.Cache.Append(new("logits", part.Logits!)))
            {
                HookTensor all = hook == "logits" ? whole.Logits! : whole.Cache[hook];
                bool square = value.Shape.Count == 4 && value.Shape[2] == count && value.Shape[3] == first + count;
                for (int head = 0; head < (square ? value.Shape[1] : 1); head++)
                {
                    for (int i = 0; i < count; i++)
                    {
                        Span<float> want = square ? all.Row(0, head, first + i) : all.Row(0, first + i), got = square ? value.Row(0, head, i) : value.Row(0, i);
                        for (int d = 0; d < want.Length; d++)
                        {
                            if (!want[d].Equals(got[d])) Golden.Close(want[d], got[d], 1e-4, 1e-4, $"{hook} {head} {first + i} {d} of {first + count}");
                        }
                    }
                }
            }
        }

        HookTensor Steered(HookTensor value, int from)
        {
            for (int i = from; i < value.Shape[1]; i++)
            {
                for (int d = 0; d < width; d++) value[0, i, d] += 2 * MathF.Cos(d + 1);
            }

            return value;
        }
    }

    [Theory]
    [InlineData("llama-rope-dynamic")]
    [InlineData("phi3-longrope")]
    public void Append_RowsOfDifferentLength_TurnEachByItsOwn(string folder)
    {
        using HookedTransformer model = HookedTransformer.Load(Golden.Path("golden", "models", folder), threads: 2);
        int[][] rows = [[3, 7, 5, 11, 2, 9, 4, 12, 3, 8, 6], [4, 2, 9]], next = [[6, 8, 5, 3], [11, 10, 7, 6]];
        HookedSequence together = model.Begin();
        together.Append(TokenBatch.Padded(rows, left: true), null, TestContext.Current.CancellationToken);
        for (int step = 0; step < 4; step++)
        {
            HookTensor both = together.Append(new TokenBatch([[next[0][step]], [next[1][step]]]), null, TestContext.Current.CancellationToken).Logits!;
            for (int row = 0; row < 2; row++)
            {
                int[] ids = [.. rows[row], .. next[row][..(step + 1)]];
                Span<float> want = model.Logits(ids).Row(0, ids.Length - 1), got = both.Row(row, 0);
                for (int id = 0; id < want.Length; id++) Golden.Close(want[id], got[id], 1e-4, 1e-4, $"{step} {row} {id}");
            }
        }
    }

    [Theory]
    [InlineData("llama-rope-dynamic")]
    [InlineData("phi3-longrope")]
    public void Generate_LengthThatTurnsTheBeginning_IsGreedyOverWholeRuns(string folder)
    {
        using HookedTransformer model = HookedTransformer.Load(Golden.Path("golden", "models", folder), threads: 2);
        int[] prompt = [3, 7, 5, 11, 2, 9];
        HookEdit edit = new("blocks.1.hook_resid_pre", (value, _) =>
        {
            for (int i = 0; i < value.Values.Length; i++) value.Values[i] += 0.5f * MathF.Sin(i % value.Shape[2]);
            return value;
        });
        List<int> want = [];
        for (int i = 0; i < 16; i++)
        {
            float[] last = [.. model.Forward(TokenBatch.Of([.. prompt, .. want]), new HookRun { Edits = [edit] }).Logits!.Row(0, prompt.Length + i - 1)];
            want.Add(Array.IndexOf(last, last.Max()));
        }

        Assert.Equal(want, model.Generate(prompt, new GenerationOptions { MaxTokens = 16, IgnoreEnd = true }, [edit], cancellationToken: TestContext.Current.CancellationToken));
    }

    [Fact]
    public void Append_WhatDoesNotFit_IsRefused()
    {
        using HookedTransformer model = Whitebox.Load("tiny-gpt2");
        HookedSequence sequence = model.Begin();
        Assert.Contains("left", Refused(() => sequence.Append(TokenBatch.Padded([[1, 2], [1]]))), StringComparison.Ordinal);
        sequence.Append([.. Enumerable.Repeat(1, 20)], null, TestContext.Current.CancellationToken);
        Assert.Contains("25 tokens", Refused(() => sequence.Append([1, 2, 3, 4, 5])), StringComparison.Ordinal);
        Assert.Contains("rows", Refused(() => sequence.Append(new TokenBatch([[1], [2]]))), StringComparison.Ordinal);
        Assert.Contains("all of them", Refused(() => sequence.Append([1], new HookRun { StopAtLayer = 1 })), StringComparison.Ordinal);
        Assert.Equal(20, sequence.Length);
        using HookedTransformer bert = HookedTransformer.Load(Golden.Path("golden", "models", "bert"), threads: 1);
        Assert.Throws<NotSupportedException>(bert.Begin);

        static string Refused(Func<object> call) => Assert.ThrowsAny<ArgumentException>(call).Message;
    }

    [Fact]
    public void Cache_Half_HoldsHalfTheBytes()
    {
        using HookedTransformer model = Whitebox.Load("tiny-llama");
        TokenBatch batch = TokenBatch.Of(Whitebox.Prompt("tiny-llama", "one"));
        ActivationCache full = model.Forward(batch, new HookRun { Keep = ["*"] }).Cache, half = model.Forward(batch, new HookRun { Keep = ["*"], Precision = CachePrecision.Half }).Cache;
        Assert.Equal(full.Keys, half.Keys);
        Assert.True(half.Bytes < full.Bytes * 0.6);
        foreach ((string name, HookTensor value) in full)
        {
            float[] got = half[name].Values;
            for (int i = 0; i < got.Length; i++) Golden.Close(value.Values[i], got[i], 1e-3, 1e-6, name);
        }
    }
}
