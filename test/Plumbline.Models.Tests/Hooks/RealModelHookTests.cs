using System.Text.Json;
using Plumbline.Models.Hooks;
using Plumbline.Tests;

namespace Plumbline.Models.Tests.Hooks;

/// <summary>SmolLM2 from its Q4_1 file and MiniLM, against golden/smollm2.</summary>
public sealed class RealModelHookTests
{
    private static readonly Dictionary<string, int[]> s_prompts = [];

    [Fact]
    public void SmolLm2_ResidualStream_IsGolden()
    {
        using HookedTransformer model = SmolLm2();
        foreach (JsonElement row in Golden.Lines("golden", "smollm2", "residual.jsonl"))
        {
            string id = row.GetProperty("id").GetString()!;
            HookedOutput output = model.RunWithCache(TokenBatch.Of(Prompt(id)), "*.hook_resid_pre", "*.hook_resid_mid", "blocks.29.hook_resid_post", "unembed.hook_in");
            foreach (JsonProperty hook in row.GetProperty("hooks").EnumerateObject())
            {
                HookTensor value = output.Cache[hook.Name == "ln_final.hook_normalized" ? "unembed.hook_in" : hook.Name];
                string what = $"{id} {hook.Name}";
                Golden.Close(Get("mean"), value.Values.Average(x => (double)x), 1e-4, 1e-4, what);
                Golden.Close(Get("l2"), Norm(value.Values), 1e-4, 0, what);
                Check(value.Row(0, 0), "first");
                Check(value.Row(0, value.Shape[1] - 1), "last");

                double Get(string name) => hook.Value.GetProperty(name).GetDouble();

                void Check(Span<float> state, string at)
                {
                    double norm = Get(at + "_l2");
                    Golden.Close(norm, Norm(state), 1e-4, 0, what);
                    int i = 0;
                    foreach (JsonElement want in hook.Value.GetProperty(at + "8").EnumerateArray()) Golden.Close(want.GetDouble(), state[i++], 1e-3, 1e-5 * norm, $"{what} {at} {i}");
                }
            }
        }
    }

    [Fact]
    public void SmolLm2_LogitLens_IsGolden()
    {
        using HookedTransformer model = SmolLm2();
        foreach (JsonElement row in Golden.Lines("golden", "smollm2", "lens.jsonl"))
        {
            TokenBatch prompt = TokenBatch.Of(Prompt(row.GetProperty("id").GetString()!));
            HookedOutput output = model.RunWithCache(prompt, "*.hook_resid_pre");
            int layer = 0;
            foreach (JsonElement want in row.GetProperty("layers").EnumerateArray())
            {
                // The head alone, from the residual stream after each block.
                HookTensor residual = layer < 30 ? output.Cache[$"blocks.{layer}.hook_resid_pre"] : output.Residual;
                HookTensor logits = model.Run(prompt, new HookRun { StartAtLayer = 30, Residual = residual }, TestContext.Current.CancellationToken).Logits!;
                for (int i = 0; i < prompt.Ids[0].Count; i++)
                {
                    Span<float> at = logits.Row(0, i);
                    int top = want.GetProperty("top1")[i].GetInt32();
                    Golden.Close(want.GetProperty("logit")[i].GetDouble(), at[top], 1e-6, 1e-3, $"layer {layer} position {i}");
                    if (want.GetProperty("margin")[i].GetDouble() <= 2e-3) continue;
                    foreach (float logit in at) Assert.True(logit <= at[top]);
                }

                layer++;
            }
        }
    }

    [Fact]
    public void SmolLm2_AblatedHeads_MoveTheNextTokenAsGolden()
    {
        using HookedTransformer model = SmolLm2();
        foreach (JsonElement row in Golden.Lines("golden", "smollm2", "heads.jsonl"))
        {
            TokenBatch prompt = TokenBatch.Of(Prompt(row.GetProperty("id").GetString()!));
            HookedOutput clean = model.RunWithCache(prompt, "*.hook_resid_pre");
            double[] before = LogProbs(clean.Logits!);
            foreach (JsonElement layer in row.GetProperty("layers").EnumerateArray())
            {
                int at = layer.GetProperty("layer").GetInt32();
                Check("zero", model.Config.Heads, head => Ablation.Zero($"blocks.{at}.attn.hook_z", new() { Head = head }));
                Check("undifferentiated_q_1e-4", model.Config.Heads, head => Scaled($"blocks.{at}.attn.hook_q", head));
                Check("undifferentiated_k_1e-4", model.Config.KeyValueHeads, head => Scaled($"blocks.{at}.attn.hook_k", head));

                void Check(string name, int heads, Func<int, HookEdit> edit)
                {
                    for (int head = 0; head < heads; head++)
                    {
                        HookRun run = new() { Logits = LogitPositions.Last, StartAtLayer = at, Residual = clean.Cache[$"blocks.{at}.hook_resid_pre"], Edits = [edit(head)] };
                        double[] after = LogProbs(model.Run(prompt, run, TestContext.Current.CancellationToken).Logits!);
                        double kl = 0;
                        for (int i = 0; i < after.Length; i++) kl += Math.Exp(before[i]) * (before[i] - after[i]);
                        Golden.Close(layer.GetProperty(name).GetProperty("kl")[head].GetDouble(), kl, 2e-3, 2e-5, $"{name} layer {at} head {head}");
                    }
                }
            }
        }

        static HookEdit Scaled(string hook, int head) => new(hook, (value, point) =>
        {
            new ActivationSlice { Head = head }.Visit(value, point, (first, length) => { for (int i = first; i < first + length; i++) value.Values[i] *= 1e-4f; });
            return value;
        });

        static double[] LogProbs(HookTensor logits)
        {
            double[] last = [.. logits.Row(0, logits.Shape[1] - 1).ToArray().Select(x => (double)x)];
            double max = last.Max(), sum = max + Math.Log(last.Sum(x => Math.Exp(x - max)));
            return [.. last.Select(x => x - sum)];
        }
    }

    [Fact]
    public void MiniLm_Embeddings_AreGolden()
    {
        using HookedTransformer model = HookedTransformer.Load(Golden.Path("models", "minilm-l6-v2"), threads: 2);
        JsonElement[] rows = [.. Golden.Lines("golden", "smollm2", "minilm", "embeddings.jsonl")];
        HookTensor pooled = model.MeanPooled(TokenBatch.Padded([.. rows.Select(row => Whitebox.Ints(row.GetProperty("ids")))]), TestContext.Current.CancellationToken);
        for (int r = 0; r < rows.Length; r++)
        {
            double norm = Norm(pooled.Row(r));
            Golden.Close(rows[r].GetProperty("l2_before_normalising").GetDouble(), norm, 1e-5, 1e-5, $"row {r} norm");
            int i = 0;
            foreach (JsonElement want in rows[r].GetProperty("first16").EnumerateArray()) Golden.Close(want.GetDouble(), pooled.Row(r)[i++] / norm, 0, 1e-5, $"row {r} {i}");
        }

        using JsonDocument cosines = Golden.Json("golden", "smollm2", "minilm", "cosine.json");
        for (int a = 0; a < rows.Length; a++)
        {
            for (int b = 0; b < rows.Length; b++)
            {
                double cosine = Enumerable.Range(0, 384).Sum(d => (double)pooled[a, d] * pooled[b, d]) / Norm(pooled.Row(a)) / Norm(pooled.Row(b));
                Golden.Close(cosines.RootElement.GetProperty("cosine")[a][b].GetDouble(), cosine, 0, 1e-5, $"{a} {b}");
            }
        }
    }

    [Fact]
    public void MaskedLikelihood_GoldenTexts_AreTransformerss()
    {
        using JsonDocument file = Golden.Json("golden", "models", "generation", "generation.json");
        int cases = 0;
        foreach (GoldenCase c in Golden.Cases(file, "pseudoLogLikelihood"))
        {
            using HookedTransformer model = HookedTransformer.Load(Golden.Path("golden", "models", c.In.GetProperty("model").GetString()!), threads: 1);
            IReadOnlyList<double> got = MaskedLikelihood.Score(model, Whitebox.Ints(c.In.GetProperty("ids")), c.In.GetProperty("mask").GetInt32(), cancellationToken: TestContext.Current.CancellationToken);
            Golden.Close(c.Out!.Value.GetProperty("pll").GetDouble(), got.Sum(), c.Rtol, c.Atol * got.Count, c.Name);
            for (int i = 0; i < got.Count; i++) Golden.Close(c.Out!.Value.GetProperty("perToken")[i].GetDouble(), got[i], c.Rtol, c.Atol, $"{c.Name} token {i}");
            cases++;
        }

        Assert.Equal(9, cases);
    }

    private static HookedTransformer SmolLm2() => HookedTransformer.Load(Golden.Path("models", "smollm2-135m-instruct", "SmolLM2-135M-Instruct.Q4_1.gguf"), threads: 2);

    private static int[] Prompt(string id)
    {
        lock (s_prompts)
        {
            if (s_prompts.Count == 0)
            {
                foreach (JsonElement row in Golden.Lines("golden", "smollm2", "prompts.jsonl")) s_prompts.Add(row.GetProperty("id").GetString()!, Whitebox.Ints(row.GetProperty("ids")));
            }

            return s_prompts[id];
        }
    }

    private static double Norm(ReadOnlySpan<float> values)
    {
        double sum = 0;
        foreach (float x in values) sum += (double)x * x;
        return Math.Sqrt(sum);
    }
}
