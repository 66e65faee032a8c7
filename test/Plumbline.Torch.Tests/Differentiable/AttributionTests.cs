using System.Text.Json;
using Plumbline.Models.Hooks;
using Plumbline.Tests;
using Plumbline.Torch.Differentiable;
using TorchSharp;
using static TorchSharp.torch;

namespace Plumbline.Torch.Tests.Differentiable;

[Collection("torch")]
public sealed class AttributionTests
{
    public static TheoryData<string> Models => WhiteboxGolden.Models;

    [Theory]
    [MemberData(nameof(Models))]
    public void AttributionPatching_Golden_IsTransformerLenss(string name)
    {
        using DifferentiableTransformer model = WhiteboxGolden.Load(name);
        using HookedTransformer hooked = HookedTransformer.Load(WhiteboxGolden.Folder(name), threads: 1);
        (int answer, int wrong) = WhiteboxGolden.Answers(name);
        int[] clean = WhiteboxGolden.Ids(name, "clean"), corrupt = WhiteboxGolden.Ids(name, "corrupt");
        string[] hooks = ["*.hook_resid_pre", "*.hook_attn_out", "*.hook_mlp_out", "*.hook_z", "*.hook_q", "*.hook_k", "*.hook_v"];
        AttributionPatching around = new(model, corrupt, clean, LogitLosses.LogitDifference(answer, wrong), hooks);
        // Around the clean run everything turns about: the sign of the difference too.
        AttributionPatching back = new(model, clean, corrupt, LogitLosses.LogitDifference(answer, wrong), "*.hook_z");
        ActivationPatching exact = new(hooked, corrupt, clean, ActivationPatching.LogitDifference(answer, wrong));
        foreach (GoldenCase c in WhiteboxGolden.Cases("attribution.json", "patching", name))
        {
            foreach (JsonProperty p in c.Out!.Value.EnumerateObject())
            {
                for (int layer = 0; layer < model.Config.Layers; layer++)
                {
                    string hook = $"blocks.{layer}." + p.Name switch { "residPre" => "hook_resid_pre", "attnOut" => "hook_attn_out", "mlpOut" => "hook_mlp_out", "headQ" => "attn.hook_q", "headK" => "attn.hook_k", "headV" => "attn.hook_v", _ => "attn.hook_z" };
                    IReadOnlyList<double> got = p.Name switch
                    {
                        "residPre" or "attnOut" or "mlpOut" => around.By(hook, "pos"),
                        "headK" or "headV" => around.By(hook, "kv_heads"),
                        "headZ" or "headQ" => around.By(hook, "heads"),
                        "headZAroundClean" => [.. back.By(hook, "heads").Select(x => -x)],
                        "headZExact" => [.. Enumerable.Range(0, model.Config.Heads).Select(head => exact.Patch(hook, new() { Head = head }, TestContext.Current.CancellationToken) - exact.Receiver)],
                        "headZIntegrated10Midpoint" => [.. Enumerable.Range(0, model.Config.Heads).Select(head => around.Integrated(hook, new() { Head = head }))],
                        string other => throw new InvalidOperationException(other),
                    };
                    Assert.Equal(p.Value[layer].GetArrayLength(), got.Count);
                    for (int i = 0; i < got.Count; i++) Golden.Close(p.Value[layer][i].GetDouble(), got[i], c.Rtol, c.Atol, $"{name} {p.Name} {layer} {i}");
                }
            }
        }
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void EdgeAttribution_Golden_IsTransformerLenss(string name)
    {
        using DifferentiableTransformer model = WhiteboxGolden.Load(name);
        (int answer, int wrong) = WhiteboxGolden.Answers(name);
        foreach (GoldenCase c in WhiteboxGolden.Cases("edges.json", "edges", name))
        {
            ResidualNode[] writers = Nodes("writers", ResidualNode.Writers(model.Config)), readers = Nodes("readers", ResidualNode.Readers(model.Config));
            double?[,] got = EdgeAttribution.Estimate(model, WhiteboxGolden.Ids(name, "corrupt"), WhiteboxGolden.Ids(name, "clean"), LogitLosses.LogitDifference(answer, wrong), writers, readers);
            for (int w = 0; w < writers.Length; w++)
            {
                for (int r = 0; r < readers.Length; r++)
                {
                    JsonElement want = c.Out!.Value.GetProperty("attribution")[w][r];
                    if (want.ValueKind == JsonValueKind.Null) Assert.Null(got[w, r]);
                    else Golden.Close(want.GetDouble(), got[w, r]!.Value, c.Rtol, c.Atol, $"{name} {writers[w]} {readers[r]}");
                }
            }

            ResidualNode[] Nodes(string key, IReadOnlyList<ResidualNode> all) => [.. c.Out!.Value.GetProperty(key).EnumerateArray().Select(e => all.Single(node => node.ToString() == e.GetString()))];
        }
    }

    // Central differences of the metric along what the exchange of a writer changes, put into the reader's copy of the stream alone.
    [Theory]
    [InlineData("gemma2")]
    [InlineData("olmo2")]
    [InlineData("llama-gqa-tied")]
    public void EdgeAttribution_NormsBehind_IsTheDerivativeAlongTheEdge(string folder)
    {
        string path = Golden.Path("golden", "models", folder);
        using DifferentiableTransformer model = DifferentiableTransformer.Load(path, ScalarType.Float64);
        using HookedTransformer hooked = HookedTransformer.Load(path, threads: 1);
        int[] ids = [5, 9, 4, 17, 3], donor = [5, 21, 4, 8, 30];
        LogitLoss metric = LogitLosses.LogitDifference(11, 40);
        IReadOnlyList<ResidualNode> writers = ResidualNode.Writers(model.Config), readers = ResidualNode.Readers(model.Config);
        double?[,] got = EdgeAttribution.Estimate(model, ids, donor, metric, writers, readers);
        ActivationCache own = hooked.RunWithCache(TokenBatch.Of(ids)).Cache, others = hooked.RunWithCache(TokenBatch.Of(donor)).Cache;
        double largest = 0;
        for (int w = 0; w < writers.Count; w++)
        {
            ResidualNode writer = writers[w];
            string added = writer.Kind switch { ResidualNodeKind.Embeddings => "blocks.0.hook_resid_pre", ResidualNodeKind.Mlp => $"blocks.{writer.Layer}.hook_mlp_out", _ => $"blocks.{writer.Layer}.hook_attn_out" };
            HookTensor with = others[added];
            if (writer.Kind == ResidualNodeKind.Head)
            {
                string z = $"blocks.{writer.Layer}.attn.hook_z";
                with = hooked.Run(TokenBatch.Of(ids), new HookRun { Keep = [added], Edits = [Ablation.Resample(z, others[z], new() { Head = writer.Index })] }, TestContext.Current.CancellationToken).Cache[added];
            }

            double[] change = [.. with.Values.Zip(own[added].Values, (a, b) => (double)a - b)];
            for (int r = 0; r < readers.Count; r++)
            {
                if (!writer.Reaches(readers[r], model.Config)) continue;
                const double Step = 1e-4;
                double want = (At(Step) - At(-Step)) / (2 * Step);
                Golden.Close(want, got[w, r]!.Value, 1e-3, 2e-5, $"{folder} {writer} {readers[r]}");
                largest = Math.Max(largest, Math.Abs(want));

                double At(double by)
                {
                    using var _ = no_grad();
                    using DisposeScope scope = NewDisposeScope();
                    ResidualNode reader = readers[r];
                    string hook = reader.Kind switch
                    {
                        ResidualNodeKind.Logits => $"blocks.{model.Config.Layers - 1}.hook_resid_post",
                        ResidualNodeKind.Mlp => $"blocks.{reader.Layer}.hook_mlp_in",
                        _ => $"blocks.{reader.Layer}.hook_{(reader.Kind == ResidualNodeKind.Query ? 'q' : reader.Kind == ResidualNodeKind.Key ? 'k' : 'v')}_input",
                    };
                    Tensor delta = tensor(change, [1, ids.Length, model.Config.HiddenSize]) * by;
                    TensorOutput output = model.Run(TokenBatch.Of(ids), new TensorRun
                    {
                        Edits = [new(hook, (value, _) =>
                        {
                            Tensor edited = value.clone();
                            (value.dim() == 4 ? edited.select(2, reader.Index) : edited).add_(delta);
                            return edited;
                        })],
                    });
                    return metric(output.Logits!, TokenBatch.Of(ids)).item<double>();
                }
            }
        }

        Assert.True(largest > 1e-2, "no edge does anything");
    }
}
