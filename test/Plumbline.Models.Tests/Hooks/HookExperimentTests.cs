using System.Text.Json;
using Plumbline.Models.Hooks;
using Plumbline.Tests;

namespace Plumbline.Models.Tests.Hooks;

/// <summary>Weights by name, and published experiments made of edits alone: kept head sets and Ships.</summary>
public sealed class HookExperimentTests
{
    public static TheoryData<string> Models => Whitebox.Models;

    [Theory]
    [MemberData(nameof(Models))]
    public void Weight_RawNames_HaveGoldenChecksums(string name)
    {
        using HookedTransformer model = Whitebox.Load(name);
        GoldenCase c = Whitebox.Cases("processing.json", "steps", name).Single(c => c.In.GetProperty("steps").GetArrayLength() == 0);
        foreach (JsonProperty weight in c.Out!.Value.GetProperty("weights").EnumerateObject())
        {
            HookTensor got = model.Weight(weight.Name);
            double l2 = Math.Sqrt(got.Values.Sum(x => (double)x * x));
            Golden.Close(weight.Value.GetProperty("l2").GetDouble(), l2, c.Rtol, c.Atol, $"{name} {weight.Name} l2");
            Golden.Close(weight.Value.GetProperty("sum").GetDouble(), got.Values.Sum(x => (double)x), c.Rtol, c.Atol + (1e-6 * l2 * Math.Sqrt(got.Values.Length)), $"{name} {weight.Name} sum");
            int i = 0;
            foreach (JsonElement first in weight.Value.GetProperty("first").EnumerateArray()) Golden.Close(first.GetDouble(), got.Values[i++], c.Rtol, c.Atol, $"{name} {weight.Name} {i}");
        }

        Assert.Contains("no weight", Assert.Throws<ArgumentException>(() => model.Weight("blocks.99.attn.W_Q")).Message, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void Faithfulness_KeptHeads_GiveGoldenDifferences(string name)
    {
        using HookedTransformer model = Whitebox.Load(name);
        JsonElement prompts = Whitebox.Prompts(name);
        int[] clean = Whitebox.Prompt(name, "clean");
        Func<HookTensor, double> difference = ActivationPatching.LogitDifference(prompts.GetProperty("answer").GetInt32(), prompts.GetProperty("wrong").GetInt32());
        ActivationCache means = model.RunWithCache(new TokenBatch(Whitebox.Rows(prompts.GetProperty("meanSet"))), "*.hook_z").Cache, other = model.RunWithCache(TokenBatch.Of(Whitebox.Prompt(name, "corrupt")), "*.hook_z").Cache;
        foreach (GoldenCase c in Whitebox.Cases("faithfulness.json", "heads", name))
        {
            HashSet<(int, int)> kept = [.. c.In.GetProperty("kept").EnumerateArray().Select(h => (h[0].GetInt32(), h[1].GetInt32()))];
            bool mean = c.In.GetProperty("mode").GetString() == "meanPosition";
            List<HookEdit> edits = [];
            for (int layer = 0; layer < model.Config.Layers; layer++)
            {
                string hook = $"blocks.{layer}.attn.hook_z";
                HookTensor value = mean ? Ablation.MeanByPosition(means[hook]) : other[hook];
                for (int head = 0; head < model.Config.Heads; head++)
                {
                    if (!kept.Contains((layer, head))) edits.Add(Ablation.Resample(hook, value, new() { Head = head }));
                }
            }

            double got = difference(model.Forward(TokenBatch.Of(clean), new HookRun { Edits = edits }).Logits!);
            Golden.Close(c.Out!.Value.GetProperty("logitDiff").GetDouble(), got, c.Rtol, c.Atol, $"{name} {c.Name}");
        }
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void Ships_AblatedHeads_GiveGoldenDivergences(string name)
    {
        using HookedTransformer model = Whitebox.Load(name);
        foreach (GoldenCase c in Whitebox.Cases("safety-heads.json", "ships", name))
        {
            TokenBatch prompt = TokenBatch.Of(Whitebox.Prompt(name, c.In.GetProperty("prompt").GetString()!));
            double[] before = LogProbs(model.Forward(prompt).Logits!);
            string kind = c.In.GetProperty("ablation").GetString()!;
            float epsilon = c.In.TryGetProperty("epsilon", out JsonElement e) ? (float)e.GetDouble() : 0;
            int layer = 0;
            foreach (JsonElement heads in c.Out!.Value.GetProperty("kl").EnumerateArray())
            {
                int head = 0;
                foreach (JsonElement want in heads.EnumerateArray())
                {
                    int of = head;
                    HookEdit edit = kind switch
                    {
                        "undifferentiatedQ" => Scaled($"blocks.{layer}.attn.hook_q", of, epsilon),
                        "undifferentiatedK" => Scaled($"blocks.{layer}.attn.hook_k", of, epsilon),
                        "scalingZ" => Scaled($"blocks.{layer}.attn.hook_z", of, epsilon),
                        "uniformPattern" => new($"blocks.{layer}.attn.hook_pattern", (value, _) =>
                        {
                            for (int q = 0; q < value.Shape[2]; q++)
                            {
                                for (int k = 0; k < value.Shape[3]; k++) value[0, of, q, k] = k <= q ? 1f / (q + 1) : 0;
                            }

                            return value;
                        }),
                        _ => throw new InvalidOperationException(kind),
                    };
                    double[] after = LogProbs(model.Forward(prompt, new HookRun { Edits = [edit] }).Logits!);
                    double kl = 0;
                    for (int i = 0; i < after.Length; i++) kl += Math.Exp(before[i]) * (before[i] - after[i]);
                    Golden.Close(want.GetDouble(), kl, c.Rtol, c.Atol, $"{name} {c.Name} {kind} {layer}.{head}");
                    head++;
                }

                layer++;
            }
        }

        static HookEdit Scaled(string hook, int head, float factor) => new(hook, (value, point) =>
        {
            new ActivationSlice { Head = head }.Visit(value, point, (first, length) => { for (int i = first; i < first + length; i++) value.Values[i] *= factor; });
            return value;
        });

        static double[] LogProbs(HookTensor logits)
        {
            double[] last = [.. logits.Row(0, logits.Shape[1] - 1).ToArray().Select(x => (double)x)];
            double max = last.Max(), sum = max + Math.Log(last.Sum(x => Math.Exp(x - max)));
            return [.. last.Select(x => x - sum)];
        }
    }
}
