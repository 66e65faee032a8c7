using System.Text.Json;
using Plumbline.Models.Files;
using Plumbline.Models.Hooks;
using Plumbline.Tests;
using Plumbline.Torch.Differentiable;
using TorchSharp;
using static TorchSharp.torch;

namespace Plumbline.Torch.Tests.Differentiable;

[Collection("torch")]
public sealed class GradientTests
{
    public static TheoryData<string> Models => WhiteboxGolden.Models;

    [Theory]
    [MemberData(nameof(Models))]
    public void Gradients_Golden_AreTransformerLenss(string name)
    {
        using DifferentiableTransformer model = WhiteboxGolden.Load(name);
        (int answer, int wrong) = WhiteboxGolden.Answers(name);
        using Safetensors expected = Safetensors.Open(Golden.Path("golden", "whitebox", "gradients", name + ".safetensors"));
        int cases = 0;
        foreach (GoldenCase c in WhiteboxGolden.Cases("gradients.json", "backward", name))
        {
            bool loss = c.In.GetProperty("of").GetString() == "loss";
            JsonElement want = c.Out!.Value;
            string[] hooks = [.. want.GetProperty("l2").EnumerateObject().Select(p => p.Name)];
            GradientResult got = model.Gradients(WhiteboxGolden.Prompt(name, c.In.GetProperty("prompt").GetString()!), new GradientRun { Hooks = hooks, Loss = loss ? LogitLosses.NextToken : LogitLosses.LogitDifference(answer, wrong) });
            Golden.Close(want.GetProperty("value").GetDouble(), got.Loss, c.Rtol, c.Atol, $"{name} value");
            foreach (string hook in hooks)
            {
                double l2 = want.GetProperty("l2").GetProperty(hook).GetDouble();
                Golden.Close(l2, WhiteboxGolden.Norm(got.Hooks[hook]), c.Rtol, c.Atol, $"{name} {c.Name} {hook} l2");
                Golden.Close(want.GetProperty("sum").GetProperty(hook).GetDouble(), got.Hooks[hook].Values.Sum(x => (double)x), c.Rtol, c.Atol + (1e-6 * l2 * Math.Sqrt(got.Hooks[hook].Values.Length)), $"{name} {c.Name} {hook} sum");
                if (!loss || !expected.Tensors.ContainsKey(hook)) continue;
                float[] values = WhiteboxGolden.Values(expected, hook);
                Assert.Equal(values.Length, got.Hooks[hook].Values.Length);
                for (int i = 0; i < values.Length; i++) Golden.Close(values[i], got.Hooks[hook].Values[i], c.Rtol, c.Atol, $"{name} {hook} {i}");
            }

            cases++;
        }

        Assert.Equal(2, cases);
    }

    [Theory]
    [InlineData("gpt2")]
    [InlineData("gpt-neox-parallel")]
    [InlineData("gpt-j")]
    [InlineData("falcon")]
    [InlineData("qwen3")]
    [InlineData("gemma2")]
    [InlineData("olmo2")]
    [InlineData("phi3")]
    [InlineData("opt")]
    [InlineData("bert")]
    public void Gradients_EveryWeight_AreTheFiniteDifferences(string folder)
    {
        using DifferentiableTransformer model = DifferentiableTransformer.Load(Golden.Path("golden", "models", folder), ScalarType.Float64);
        TokenBatch batch = TokenBatch.Padded([[3, 7, 5, 11, 2, 9], [4, 6, 8]], left: true);
        LogitLoss loss = LogitLosses.Of(logits => (nn.functional.log_softmax(logits, -1)[.., .., 5] * logits[.., .., 3]).mean());
        GradientResult all = model.Gradients(batch, new GradientRun { Parameters = ["*"], Loss = loss });
        Assert.Equal(model.Parameters.Count, all.Parameters.Count);
        Random random = new(7);
        HashSet<string> kinds = [];
        foreach ((string name, HookTensor gradient) in all.Parameters)
        {
            // One weight of each kind: layers repeat.
            if (!kinds.Add(System.Text.RegularExpressions.Regex.Replace(name, @"\.\d+\.", ".", System.Text.RegularExpressions.RegexOptions.None, TimeSpan.FromSeconds(1)))) continue;
            using DisposeScope scope = NewDisposeScope();
            // Along a random direction every value of the weight takes part.
            double[] direction = [.. gradient.Values.Select(_ => random.NextDouble() - 0.5)];
            Tensor step = tensor(direction, model.Weight(name).shape) * 1e-5;
            double difference = (Loss(model.Weight(name) + step) - Loss(model.Weight(name) - step)) / 2e-5;
            Golden.Close(direction.Zip(gradient.Values, (a, b) => a * b).Sum(), difference, 1e-4, 1e-8, $"{folder} {name}");

            double Loss(Tensor weight)
            {
                using var _ = no_grad();
                return loss(model.Run(batch, new TensorRun { Weights = new Dictionary<string, Tensor> { [name] = weight } }).Logits!, batch).ToDouble();
            }
        }
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void Gradients_OneHot_IsTheEmbeddingsGradientTimesTheVocabulary(string name)
    {
        using DifferentiableTransformer model = WhiteboxGolden.Load(name);
        int[] ids = WhiteboxGolden.Ids(name, "one");
        GradientResult got = model.Gradients(TokenBatch.Of(ids), new GradientRun { OneHotGradient = true, Hooks = ["hook_embed"] });
        using HookedTransformer hooked = HookedTransformer.Load(WhiteboxGolden.Folder(name), threads: 1);
        HookTensor vocabulary = hooked.Weight("embed.W_E");
        Assert.Equal([1, ids.Length, vocabulary.Shape[0]], got.OneHot!.Shape);
        for (int i = 0; i < ids.Length; i++)
        {
            for (int id = 0; id < vocabulary.Shape[0]; id++)
            {
                double want = 0;
                for (int d = 0; d < vocabulary.Shape[1]; d++) want += (double)got.Hooks["hook_embed"][0, i, d] * vocabulary[id, d];
                Golden.Close(want, got.OneHot[0, i, id], 1e-4, 2e-5, $"{name} {i} {id}");
            }
        }
    }

    [Theory]
    [InlineData("tiny-gpt2")]
    [InlineData("tiny-llama")]
    public void Gradients_OneHot_AreTheFiniteDifferencesOfSoftRows(string name)
    {
        using DifferentiableTransformer model = WhiteboxGolden.Load(name, ScalarType.Float64);
        int[] ids = WhiteboxGolden.Ids(name, "one");
        int vocabulary = model.Config.VocabularySize;
        GradientResult at = model.Gradients(TokenBatch.Of(ids), new GradientRun { OneHotGradient = true });
        foreach (int id in new[] { 0, 7, vocabulary - 1 })
        {
            double Loss(float by)
            {
                HookTensor rows = new([1, ids.Length, vocabulary], new float[ids.Length * vocabulary]);
                for (int i = 0; i < ids.Length; i++) rows[0, i, ids[i]] = 1;
                rows[0, 1, id] += by;
                return model.Gradients(TokenBatch.Of(ids), new GradientRun { OneHot = rows }).Loss;
            }

            Golden.Close(at.OneHot![0, 1, id], (Loss(1f / 1024) - Loss(-1f / 1024)) * 512, 1e-3, 1e-5, $"{name} {id}");
        }
    }

    [Fact]
    public void Gradients_EmbeddingsOfTheIds_GiveTheSameLossAndGradient()
    {
        using DifferentiableTransformer model = WhiteboxGolden.Load("tiny-llama");
        TokenBatch batch = WhiteboxGolden.Prompt("tiny-llama", "one");
        GradientResult ids = model.Gradients(batch, new GradientRun { Hooks = ["hook_embed"] });
        GradientResult soft = model.Gradients(batch, new GradientRun { Hooks = ["hook_embed"], Embeddings = ids.Activations["hook_embed"] });
        Assert.Equal(ids.Loss, soft.Loss);
        Assert.Equal(ids.Hooks["hook_embed"].Values, soft.Hooks["hook_embed"].Values);
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void Gradients_PaddedRows_AreThoseOfEachAlone(string name)
    {
        using DifferentiableTransformer model = WhiteboxGolden.Load(name);
        int[][] rows = WhiteboxGolden.Rows(WhiteboxGolden.Prompts(name).GetProperty("batch").GetProperty("rows"));
        (int answer, int wrong) = WhiteboxGolden.Answers(name);
        foreach (bool left in new[] { false, true })
        {
            GradientRun run = new() { Hooks = ["blocks.0.hook_resid_pre"], Loss = LogitLosses.LogitDifference(answer, wrong) };
            TokenBatch batch = TokenBatch.Padded(rows, left: left);
            HookTensor together = model.Gradients(batch, run).Hooks["blocks.0.hook_resid_pre"];
            for (int row = 0; row < rows.Length; row++)
            {
                HookTensor alone = model.Gradients(TokenBatch.Of(rows[row]), run).Hooks["blocks.0.hook_resid_pre"];
                int shift = left ? batch.Ids[0].Count - rows[row].Length : 0;
                for (int i = 0; i < batch.Ids[0].Count; i++)
                {
                    for (int d = 0; d < model.Config.HiddenSize; d++)
                        Golden.Close(i < shift || i - shift >= rows[row].Length ? 0 : alone[0, i - shift, d] / rows.Length, together[row, i, d], 1e-4, 2e-5, $"{name} {row} {i} {d}");
                }
            }
        }
    }

    [Fact]
    public void Gradients_ThroughAnEdit_FollowIt()
    {
        using DifferentiableTransformer model = WhiteboxGolden.Load("tiny-gpt2");
        TokenBatch batch = WhiteboxGolden.Prompt("tiny-gpt2", "one");
        GradientResult plain = model.Gradients(batch, new GradientRun { Hooks = ["blocks.2.hook_resid_pre"] });
        // A copy in front of the hook changes nothing; a constant instead of the value cuts the graph.
        GradientResult cut = model.Gradients(batch, new GradientRun
        {
            Hooks = ["blocks.0.hook_resid_pre", "blocks.2.hook_resid_pre"],
            Edits = [new("blocks.2.hook_resid_pre", (value, _) => value.detach())],
        });
        Assert.Equal(plain.Loss, cut.Loss);
        Assert.Equal(plain.Hooks["blocks.2.hook_resid_pre"].Values, cut.Hooks["blocks.2.hook_resid_pre"].Values);
        Assert.All(cut.Hooks["blocks.0.hook_resid_pre"].Values, x => Assert.Equal(0, x));
    }

    [Fact]
    public void Gradients_WhatHasNone_IsRefused()
    {
        using DifferentiableTransformer model = WhiteboxGolden.Load("tiny-gpt2");
        TokenBatch batch = WhiteboxGolden.Prompt("tiny-gpt2", "one");
        Assert.Contains("scalar", Refused(new GradientRun { Hooks = ["hook_embed"], Loss = LogitLosses.Of(logits => logits) }), StringComparison.Ordinal);
        Assert.Contains("does not depend", Refused(new GradientRun { Hooks = ["hook_embed"], Loss = LogitLosses.Of(logits => logits.detach().sum()) }), StringComparison.Ordinal);
        Assert.Contains("hook_pattern", Refused(new GradientRun { Hooks = ["blocks.0.attn.hook_patern"] }), StringComparison.Ordinal);
        Assert.Contains("transformer.wte.weight", Refused(new GradientRun { Parameters = ["transformer.wte.wieght"] }), StringComparison.Ordinal);
        Assert.Contains("must stay", Refused(new GradientRun { Edits = [new("hook_embed", (x, _) => x.sum())] }), StringComparison.Ordinal);
        Assert.Throws<HookException>(() => model.Gradients(batch, new GradientRun { Edits = [new("hook_embed", (x, _) => x * float.NaN)] }));
        using (no_grad()) Assert.Contains("no graph", Assert.Throws<InvalidOperationException>(() => model.Gradients(batch, new GradientRun { Hooks = ["hook_embed"] })).Message, StringComparison.Ordinal);

        string Refused(GradientRun run) => Assert.ThrowsAny<ArgumentException>(() => model.Gradients(batch, run)).Message;
    }
}
