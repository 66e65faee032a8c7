using System.Text.Json;
using Plumbline.Models.Files;
using Plumbline.Models.Hooks;
using Plumbline.Tests;

namespace Plumbline.Models.Tests.Hooks;

/// <summary>Paths, edges, direct attribution and the lens against golden/whitebox.</summary>
public sealed class PathGoldenTests
{
    public static TheoryData<string> Models => Whitebox.Models;

    [Theory]
    [MemberData(nameof(Models))]
    public void PathPatching_Golden_IsTransformerLenss(string name)
    {
        using HookedTransformer model = Whitebox.Load(name);
        int[] clean = Whitebox.Prompt(name, "clean"), corrupt = Whitebox.Prompt(name, "corrupt");
        Func<HookTensor, double> metric = Whitebox.Difference(name);
        PathPatching into = new(model, corrupt, clean, metric), back = new(model, clean, corrupt, metric);
        int group = model.Config.Heads / model.Config.KeyValueHeads, cases = 0;
        foreach (GoldenCase c in Whitebox.Cases("path-patching.json", "headToHead", name))
        {
            PathPatching patching = c.In.GetProperty("direction").GetString() == "cleanIntoCorrupt" ? into : back;
            ResidualNode sender = Head(c.In.GetProperty("sender")), receiver = Head(c.In.GetProperty("receiver"));
            foreach (JsonProperty want in c.Out!.Value.EnumerateObject())
            {
                ResidualNode reader = want.Name[0] switch
                {
                    'q' => ResidualNode.Query(receiver.Layer, receiver.Index),
                    'k' => ResidualNode.Key(receiver.Layer, receiver.Index / group),
                    _ => ResidualNode.Value(receiver.Layer, receiver.Index / group),
                };
                double got = want.Name.EndsWith("Direct", StringComparison.Ordinal) ? patching.Direct(sender, reader, false, TestContext.Current.CancellationToken) : patching.ThroughMlps(sender, reader, TestContext.Current.CancellationToken);
                Golden.Close(want.Value.GetDouble(), got, c.Rtol, c.Atol, $"{name} {sender} {reader} {want.Name}");
            }

            cases++;
        }

        foreach (GoldenCase c in Whitebox.Cases("path-patching.json", "headToLogits", name))
        {
            PathPatching patching = c.In.GetProperty("direction").GetString() == "cleanIntoCorrupt" ? into : back;
            ResidualNode sender = Head(c.In.GetProperty("sender"));
            Golden.Close(c.Out!.Value.GetProperty("recomputedNorm").GetDouble(), patching.Direct(sender, ResidualNode.Logits, false, TestContext.Current.CancellationToken), c.Rtol, c.Atol, $"{name} {sender} logits");
            Golden.Close(c.Out!.Value.GetProperty("frozenNorm").GetDouble(), patching.Direct(sender, ResidualNode.Logits, true, TestContext.Current.CancellationToken), c.Rtol, c.Atol, $"{name} {sender} logits, frozen");
            Golden.Close(c.Out!.Value.GetProperty("base").GetDouble(), patching.Receiver, c.Rtol, c.Atol, $"{name} base");
            cases++;
        }

        // The trained Llama has no cases of its own.
        Assert.Equal(name != "stories260k", cases > 0);

        static ResidualNode Head(JsonElement pair) => ResidualNode.Head(pair[0].GetInt32(), pair[1].GetInt32());
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void Edges_Golden_AreExact(string name)
    {
        using HookedTransformer model = Whitebox.Load(name);
        foreach (GoldenCase c in Whitebox.Cases("edges.json", "edges", name))
        {
            PathPatching patching = new(model, Whitebox.Prompt(name, "corrupt"), Whitebox.Prompt(name, "clean"), Whitebox.Difference(name));
            ResidualNode[] writers = Nodes(c, "writers", ResidualNode.Writers(model.Config)), readers = Nodes(c, "readers", ResidualNode.Readers(model.Config));
            double?[,] got = patching.Edges(writers, readers, TestContext.Current.CancellationToken);
            for (int w = 0; w < writers.Length; w++)
            {
                for (int r = 0; r < readers.Length; r++)
                {
                    JsonElement want = c.Out!.Value.GetProperty("exact")[w][r];
                    if (want.ValueKind == JsonValueKind.Null) Assert.Null(got[w, r]);
                    else Golden.Close(want.GetDouble(), got[w, r]!.Value, c.Rtol, c.Atol, $"{name} {writers[w]} {readers[r]}");
                }
            }
        }

        static ResidualNode[] Nodes(GoldenCase c, string key, IReadOnlyList<ResidualNode> all) =>
            [.. c.Out!.Value.GetProperty(key).EnumerateArray().Select(e => all.Single(node => node.ToString() == e.GetString()))];
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void DirectLogitAttribution_Golden_AddsUp(string name)
    {
        using HookedTransformer model = Whitebox.Load(name);
        JsonElement prompts = Whitebox.Prompts(name);
        foreach (GoldenCase c in Whitebox.Cases("attribution.json", "direct", name))
        {
            DirectLogitAttribution got = DirectLogitAttribution.Of(model, Whitebox.Prompt(name, "clean"), prompts.GetProperty("answer").GetInt32(), prompts.GetProperty("wrong").GetInt32());
            JsonElement want = c.Out!.Value;
            Close("logitDiff", got.LogitDifference);
            Close("embed", got.Embedding);
            Close("posEmbed", got.PositionEmbedding);
            Close("finalBias", got.FinalBias);
            Matrix("heads", got.Heads);
            Matrix("headsWithoutValueBias", got.HeadsWithoutValueBias);
            Row("attnBias", got.AttentionBiases);
            Row("mlps", got.Mlps);
            Row("mlpBias", got.MlpBiases);
            Row("neuronsLastLayer", got.LastLayerNeurons);
            double total = got.Embedding + got.PositionEmbedding + got.Heads.Cast<double>().Sum() + got.AttentionBiases.Sum() + got.Mlps.Sum() + got.FinalBias;
            Golden.Close(got.LogitDifference, total, 1e-4, 1e-4, $"{name} sum");
            Golden.Close(got.Mlps[^1] - got.MlpBiases[^1], got.LastLayerNeurons.Sum(), 1e-4, 1e-4, $"{name} neurons");

            void Close(string key, double value)
            {
                if (want.TryGetProperty(key, out JsonElement one)) Golden.Close(one.GetDouble(), value, c.Rtol, c.Atol, $"{name} {key}");
            }

            void Row(string key, IReadOnlyList<double> values)
            {
                if (!want.TryGetProperty(key, out JsonElement row)) return;
                for (int i = 0; i < row.GetArrayLength(); i++) Golden.Close(row[i].GetDouble(), values[i], c.Rtol, c.Atol, $"{name} {key} {i}");
            }

            void Matrix(string key, double[,] values)
            {
                for (int i = 0; i < values.GetLength(0); i++)
                {
                    for (int j = 0; j < values.GetLength(1); j++) Golden.Close(want.GetProperty(key)[i][j].GetDouble(), values[i, j], c.Rtol, c.Atol, $"{name} {key} {i} {j}");
                }
            }
        }
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void LogitLens_Golden_IsEachNorms(string name)
    {
        using HookedTransformer model = Whitebox.Load(name);
        using Safetensors expected = Safetensors.Open(Golden.Path("golden", "whitebox", "lens", name + ".safetensors"));
        JsonElement prompts = Whitebox.Prompts(name);
        int answer = prompts.GetProperty("answer").GetInt32(), wrong = prompts.GetProperty("wrong").GetInt32();
        foreach (GoldenCase c in Whitebox.Cases("lens.json", "layers", name))
        {
            foreach ((string key, LensNorm norm) in new[] { ("normRecomputed", LensNorm.Recomputed), ("normFrozen", LensNorm.Frozen), ("noNorm", LensNorm.None) })
            {
                LogitLens lens = LogitLens.Of(model, Whitebox.Prompt(name, "clean"), norm, TestContext.Current.CancellationToken);
                JsonElement want = c.Out!.Value.GetProperty(key);
                float[] rows = Whitebox.Values(expected, key);
                int last = lens.Logits.Shape[1] - 1, vocabulary = lens.Logits.Shape[2];
                for (int row = 0; row < lens.Logits.Shape[0]; row++)
                {
                    for (int id = 0; id < vocabulary; id++) Golden.Close(rows[(row * vocabulary) + id], lens.Logits[row, last, id], c.Rtol, c.Atol, $"{name} {key} {row} {id}");
                    IReadOnlyList<(int Id, double LogProb)> top = lens.Top(row, last, 5);
                    for (int i = 0; i < 5; i++)
                    {
                        Assert.Equal(want.GetProperty("top5")[row][i].GetInt32(), top[i].Id);
                        Golden.Close(want.GetProperty("top5LogProb")[row][i].GetDouble(), top[i].LogProb, c.Rtol, c.Atol, $"{name} {key} {row} top {i}");
                    }

                    for (int i = 0; i <= last; i++) Golden.Close(want.GetProperty("klToFinal")[row][i].GetDouble(), lens.KlToFinal(row, i), c.Rtol, c.Atol, $"{name} {key} {row} kl {i}");
                    Golden.Close(want.GetProperty("answerLogProb")[row].GetDouble(), lens.LogProb(row, last, answer), c.Rtol, c.Atol, $"{name} {key} {row} answer");
                    Golden.Close(want.GetProperty("wrongLogProb")[row].GetDouble(), lens.LogProb(row, last, wrong), c.Rtol, c.Atol, $"{name} {key} {row} wrong");
                    Golden.Close(want.GetProperty("entropy")[row].GetDouble(), lens.Entropy(row, last), c.Rtol, c.Atol, $"{name} {key} {row} entropy");
                    Golden.Close(want.GetProperty("logitDiff")[row].GetDouble(), lens.LogProb(row, last, answer) - lens.LogProb(row, last, wrong), c.Rtol, c.Atol, $"{name} {key} {row} difference");
                    Golden.Close(want.GetProperty("logSumExp")[row].GetDouble(), lens.Logits[row, last, answer] - lens.LogProb(row, last, answer), c.Rtol, c.Atol, $"{name} {key} {row} sum");
                }
            }
        }
    }

    [Fact]
    public void PathPatching_WhatIsNoPath_IsRefused()
    {
        using HookedTransformer neox = Whitebox.Load("tiny-neox"), gpt2 = Whitebox.Load("tiny-gpt2"), qwen = Whitebox.Load("tiny-qwen2");
        Func<HookTensor, double> metric = ActivationPatching.LogitDifference(1, 2);
        PathPatching parallel = new(neox, [0, 1, 2], [0, 3, 2], metric), serial = new(gpt2, [0, 1, 2], [0, 3, 2], metric), grouped = new(qwen, [0, 1, 2], [0, 3, 2], metric);
        Assert.Contains("no path", Refused(() => serial.Direct(ResidualNode.Head(1, 0), ResidualNode.Query(1, 0))), StringComparison.Ordinal);
        Assert.Contains("no path", Refused(() => serial.ThroughMlps(ResidualNode.Head(2, 0), ResidualNode.Query(1, 0))), StringComparison.Ordinal);
        Assert.Contains("parallel block", Refused(() => parallel.Direct(ResidualNode.Head(0, 0), ResidualNode.Mlp(0))), StringComparison.Ordinal);
        Assert.Contains("out of range", Refused(() => serial.Direct(ResidualNode.Head(0, 4), ResidualNode.Query(1, 0))), StringComparison.Ordinal);
        Assert.Contains("out of range", Refused(() => grouped.Direct(ResidualNode.Head(0, 4), ResidualNode.Key(1, 1))), StringComparison.Ordinal);
        Assert.Contains("correspond", Refused(() => new PathPatching(gpt2, [0, 1], [0], metric)), StringComparison.Ordinal);
        Assert.Contains("out of range", Refused(() => LogitLens.Of(gpt2, [0, 1]).LogProb(0, 0, 83)), StringComparison.Ordinal);

        static string Refused(Func<object> call) => Assert.ThrowsAny<ArgumentException>(call).Message;
    }

    // What each edge does, without the copies of the stream and in whole runs: what the reader makes of the changed stream is taken
    // from a run of its own and put into another.
    [Theory]
    [InlineData("gemma2")]
    [InlineData("gemma3-text")]
    [InlineData("olmo2")]
    [InlineData("llama-gqa-tied")] // Without norms behind: the same yardstick.
    public void Edges_NormsBehind_AreThoseOfEditedRuns(string folder)
    {
        using HookedTransformer model = HookedTransformer.Load(Golden.Path("golden", "models", folder), threads: 2);
        int[] ids = [5, 9, 4, 17, 3], donor = [5, 21, 4, 8, 30];
        Func<HookTensor, double> metric = ActivationPatching.LogitDifference(11, 40);
        PathPatching patching = new(model, ids, donor, metric);
        ActivationCache own = Run(ids, ["*"]).Cache, others = Run(donor, ["*"]).Cache;
        IReadOnlyList<ResidualNode> writers = ResidualNode.Writers(model.Config), readers = ResidualNode.Readers(model.Config);
        double?[,] got = patching.Edges(writers, readers, TestContext.Current.CancellationToken);
        double largest = 0;
        for (int w = 0; w < writers.Count; w++)
        {
            float[] change = Change(writers[w]);
            for (int r = 0; r < readers.Count; r++)
            {
                if (!writers[w].Reaches(readers[r], model.Config))
                {
                    Assert.Null(got[w, r]);
                    continue;
                }

                double want = Edge(change, readers[r]) - metric(Run(ids, []).Logits!);
                Golden.Close(want, got[w, r]!.Value, 1e-3, 2e-5, $"{folder} {writers[w]} {readers[r]}");
                Assert.Equal(got[w, r]!.Value, patching.Direct(writers[w], readers[r], cancellationToken: TestContext.Current.CancellationToken) - patching.Receiver, 1e-12);
                largest = Math.Max(largest, Math.Abs(want));
            }
        }

        Assert.True(largest > 1e-2, "no edge does anything");

        float[] Change(ResidualNode writer)
        {
            string added = writer.Kind switch { ResidualNodeKind.Embeddings => "blocks.0.hook_resid_pre", ResidualNodeKind.Mlp => $"blocks.{writer.Layer}.hook_mlp_out", _ => $"blocks.{writer.Layer}.hook_attn_out" };
            HookTensor with = others[added];
            if (writer.Kind == ResidualNodeKind.Head)
            {
                string z = $"blocks.{writer.Layer}.attn.hook_z";
                with = Run(ids, [added], new HookEdit(z, (value, _) => Swapped(value, others[z], writer.Index))).Cache[added];
            }

            return [.. with.Values.Zip(own[added].Values, (a, b) => a - b)];
        }

        double Edge(float[] change, ResidualNode reader)
        {
            string block = $"blocks.{reader.Layer}.";
            (string stream, string made, int head) = reader.Kind switch
            {
                ResidualNodeKind.Logits => ($"blocks.{model.Config.Layers - 1}.hook_resid_post", "unembed.hook_out", -1),
                ResidualNodeKind.Mlp => (block + (model.Config.ParallelResidual ? "hook_resid_pre" : "hook_resid_mid"), block + "mlp.hook_post", -1),
                ResidualNodeKind.Query => (block + "hook_resid_pre", block + "attn.hook_q", reader.Index),
                ResidualNodeKind.Key => (block + "hook_resid_pre", block + "attn.hook_k", reader.Index),
                _ => (block + "hook_resid_pre", block + "attn.hook_v", reader.Index),
            };
            HookTensor seen = Run(ids, [made], new HookEdit(stream, (value, _) => new HookTensor(value.Shape, [.. value.Values.Zip(change, (a, b) => a + b)]))).Cache[made];
            return metric(Run(ids, [], new HookEdit(made, (value, _) => head < 0 ? seen.Clone() : Swapped(value, seen, head))).Logits!);
        }

        HookTensor Swapped(HookTensor value, HookTensor from, int head)
        {
            for (int i = 0; i < value.Shape[1]; i++) from.Row(0, i, head).CopyTo(value.Row(0, i, head));
            return value;
        }

        HookedOutput Run(int[] prompt, IReadOnlyList<string> keep, params IReadOnlyList<HookEdit> edits) => model.Forward(TokenBatch.Of(prompt), new HookRun { Keep = keep, Edits = edits });
    }

    // Frozen norms are linear: what a head or neuron adds is what its share of the normed output adds.
    [Theory]
    [InlineData("gemma3-text")]
    [InlineData("olmo2")]
    [InlineData("llama-gqa-tied")]
    public void DirectLogitAttribution_NormsBehind_AddsUp(string folder)
    {
        using HookedTransformer model = HookedTransformer.Load(Golden.Path("golden", "models", folder), threads: 2);
        int[] ids = [5, 9, 4, 17, 3];
        DirectLogitAttribution got = DirectLogitAttribution.Of(model, ids, 11, 40, position: 3);
        double total = got.Embedding + got.PositionEmbedding + got.Heads.Cast<double>().Sum() + got.AttentionBiases.Sum() + got.Mlps.Sum() + got.FinalBias;
        Golden.Close(got.LogitDifference, total, 1e-5, 1e-5, folder);
        Golden.Close(got.Mlps[^1] - got.MlpBiases[^1], got.LastLayerNeurons.Sum(), 1e-5, 1e-5, $"{folder} neurons");
        // All heads of a layer together are attention's output in the stream, as the final norm sees it.
        using HookedOutput run = model.RunWithCache(TokenBatch.Of(ids));
        HookTensor unembedding = model.Weight("unembed.W_U"), norm = model.Weight("ln_final.w");
        for (int layer = 0; layer < model.Config.Layers; layer++)
        {
            double want = 0;
            ReadOnlySpan<float> added = run.Cache[$"blocks.{layer}.hook_attn_out"].Row(0, 3);
            for (int d = 0; d < added.Length; d++) want += (double)added[d] * norm.Values[d] * (unembedding[d, 11] - unembedding[d, 40]) / run.Cache["ln_final.hook_scale"][0, 3, 0];
            Golden.Close(want, Enumerable.Range(0, model.Config.Heads).Sum(head => got.Heads[layer, head]) + got.AttentionBiases[layer], 1e-4, 1e-5, $"{folder} layer {layer}");
        }
    }

    [Theory]
    [InlineData("gemma2")]
    [InlineData("olmo2")]
    public void ThroughMlps_NormsBehind_IsTwoWholeRuns(string folder)
    {
        using HookedTransformer model = HookedTransformer.Load(Golden.Path("golden", "models", folder), threads: 2);
        int[] ids = [5, 9, 4, 17, 3], donor = [5, 21, 4, 8, 30];
        Func<HookTensor, double> metric = ActivationPatching.LogitDifference(11, 40);
        PathPatching patching = new(model, ids, donor, metric);
        ActivationCache other = model.RunWithCache(TokenBatch.Of(donor)).Cache;
        // In two layers nothing but the sender's MLP lies between.
        HookTensor query = model.Forward(TokenBatch.Of(ids), new HookRun { Keep = ["blocks.1.attn.hook_q"], Edits = [Ablation.Resample("blocks.0.attn.hook_z", other["blocks.0.attn.hook_z"], new() { Head = 1 })] }).Cache["blocks.1.attn.hook_q"];
        double want = metric(model.Forward(TokenBatch.Of(ids), new HookRun { Edits = [Ablation.Resample("blocks.1.attn.hook_q", query, new() { Head = 0 })] }).Logits!);
        Golden.Close(want, patching.ThroughMlps(ResidualNode.Head(0, 1), ResidualNode.Query(1, 0), TestContext.Current.CancellationToken), 1e-5, 1e-5, folder);
        Assert.NotEqual(patching.Receiver, want, 1e-6);
    }
}
