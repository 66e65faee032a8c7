using System.Text.RegularExpressions;
using Plumbline.Models.Hooks;
using Plumbline.Models.Inference;
using Plumbline.Torch.Differentiable;
using TorchSharp;
using static TorchSharp.torch;
using Plumbline.Torch.Tests.Differentiable;

namespace Plumbline.Tests.Pages;

/// <summary>The code of docs/white-box.md: each block of the page stands here, and runs.</summary>
[Collection("torch")]
public sealed class WhiteBoxPageTests
{
    [Fact]
    public void Page_EveryBlock_StandsHere()
    {
        string here = Squeezed(File.ReadAllText(Repository.Path("test", "Plumbline.Torch.Tests", "Differentiable", "WhiteBoxPageTests.cs")));
        string[] blocks = [.. Regex.Matches(File.ReadAllText(Repository.Path("docs", "white-box.md")), "```csharp\n(?<code>.*?)```", RegexOptions.Singleline | RegexOptions.ExplicitCapture, TimeSpan.FromSeconds(5)).Select(match => match.Groups["code"].Value)];
        Assert.NotEmpty(blocks);
        Assert.All(blocks, block => Assert.True(here.Contains(Squeezed(block), StringComparison.Ordinal), $"docs/white-box.md shows code that no test runs:\n{block}"));

        static string Squeezed(string text) => Regex.Replace(text, @"\s+", " ", RegexOptions.None, TimeSpan.FromSeconds(5)).Trim();
    }

#pragma warning disable xUnit1051 // The page shows calls as a user writes them.
    [Fact]
    public void Page_Code_Runs()
    {
        string path = WhiteboxGolden.Folder("tiny-gpt2");
        int[] clean = WhiteboxGolden.Ids("tiny-gpt2", "clean"), corrupt = WhiteboxGolden.Ids("tiny-gpt2", "corrupt"), prompt = clean[..6];
        (int answer, int wrong) = WhiteboxGolden.Answers("tiny-gpt2");

        // Reading.
        using HookedTransformer model = HookedTransformer.Load(path);
        using HookedOutput output = model.RunWithCache(TokenBatch.Of(prompt), "blocks.*.attn.hook_pattern", "hook_embed");
        float weight = output.Cache["blocks.1.attn.hook_pattern"][0, 2, 5, 3]; // layer 1, head 2: what position 5 takes from 3
        HookTensor embedding = output.Cache["hook_embed"].Detach(); // stays when the output is disposed

        // Editing.
        HookEdit steer = new("blocks.1.hook_resid_pre", (value, point) =>
        {
            for (int i = 0; i < value.Values.Length; i++) value.Values[i] += 0.1f;
            return value;
        });
        HookRun run = new() { Edits = [steer, Ablation.Zero("blocks.2.attn.hook_z", new() { Head = 3 })], Keep = ["*"] };
        HookTensor logits = model.Run(TokenBatch.Of(prompt), run).Logits!;

        // Generating.
        IReadOnlyList<int> steered = model.Generate(prompt, new GenerationOptions { MaxTokens = 8 }, [steer], editPrompt: false);
        HookedSequence sequence = model.Begin();
        sequence.Append(prompt);
        HookedOutput next = sequence.Append([steered[0]], new HookRun { Keep = ["blocks.*.attn.hook_pattern"] });

        // Patching.
        Func<HookTensor, double> metric = ActivationPatching.LogitDifference(answer, wrong);
        double patched = new ActivationPatching(model, corrupt, clean, metric).Patch("blocks.1.attn.hook_z", new() { Head = 2 });
        PathPatching paths = new(model, corrupt, clean, metric);
        double edge = paths.Direct(ResidualNode.Head(0, 1), ResidualNode.Key(2, 3));
        double path2 = paths.ThroughMlps(ResidualNode.Head(0, 1), ResidualNode.Key(2, 3));
        DirectLogitAttribution parts = DirectLogitAttribution.Of(model, clean, answer, wrong);

        // Folding.
        ModelWeights folded = ModelWeights.Read(path).FoldNorms().CenterWriting().CenterUnembed().FoldValueBiases();
        using HookedTransformer same = HookedTransformer.Load(folded);

        // Gradients.
        using DifferentiableTransformer torchModel = DifferentiableTransformer.Load(path);
        GradientResult gradients = torchModel.Gradients(TokenBatch.Of(prompt), new GradientRun
        {
            Loss = LogitLosses.NextToken,
            Hooks = ["blocks.*.hook_resid_pre"],
            Parameters = ["transformer.h.0.mlp.*"],
            OneHotGradient = true,
        });
        HookTensor atLayer1 = gradients.Hooks["blocks.1.hook_resid_pre"], ofTokens = gradients.OneHot!;

        // Attribution.
        LogitLoss difference = LogitLosses.LogitDifference(answer, wrong);
        AttributionPatching attribution = new(torchModel, corrupt, clean, difference, "*.hook_z");
        IReadOnlyList<double> perHead = attribution.By("blocks.1.attn.hook_z", "heads");
        double?[,] edges = EdgeAttribution.Estimate(torchModel, corrupt, clean, difference, ResidualNode.Writers(torchModel.Config), ResidualNode.Readers(torchModel.Config));

        // Graph.
        using DisposeScope scope = NewDisposeScope();
        Tensor soft = randn([1, prompt.Length, torchModel.Config.HiddenSize]).requires_grad_(true);
        TensorOutput graph = torchModel.Run(TokenBatch.Of(prompt), new TensorRun { Embeddings = soft, Keep = ["blocks.2.hook_resid_post"] });
        LogitLosses.NextToken(graph.Logits!, TokenBatch.Of(prompt)).backward();
        Tensor step = soft.grad!;

        Assert.True(float.IsFinite(weight) && double.IsFinite(patched) && double.IsFinite(edge) && double.IsFinite(path2));
        Assert.Equal(logits.Shape, same.Logits(prompt).Shape);
        Assert.Equal(1, next.Cache["blocks.0.attn.hook_pattern"].Shape[2]);
        Assert.Equal([1, prompt.Length, model.Config.VocabularySize], ofTokens.Shape);
        Assert.Equal(atLayer1.Shape, [1, prompt.Length, model.Config.HiddenSize]);
        Assert.Equal(model.Config.Heads, perHead.Count);
        Assert.Equal(ResidualNode.Writers(model.Config).Count, edges.GetLength(0));
        Assert.Equal(model.Config.Layers, parts.Mlps.Count);
        Assert.Equal(soft.shape, step.shape);
    }
#pragma warning restore xUnit1051
}
