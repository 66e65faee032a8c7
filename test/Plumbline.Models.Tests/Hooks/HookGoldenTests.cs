using System.Text.Json;
using Plumbline.Models.Files;
using Plumbline.Models.Hooks;
using Plumbline.Tests;

namespace Plumbline.Models.Tests.Hooks;

public sealed class HookGoldenTests
{
    public static TheoryData<string> Models => Whitebox.Models;

    [Theory]
    [MemberData(nameof(Models))]
    public void Hooks_Model_AreTransformerLenssInOrder(string name)
    {
        using HookedTransformer model = Whitebox.Load(name);
        JsonElement o = Whitebox.Cases("hooks.json", "names", name).Single().Out!.Value;
        string[] want = [.. o.GetProperty("inForwardOrder").EnumerateArray().Select(e => $"{e[0].GetString()} {e[1].GetString()}")];
        string[] optional = [.. o.GetProperty("optIn").EnumerateArray().Select(e => $"{e[0].GetString()} {e[1].GetString()}")];
        // The attention-only models lie as GPT-2 folders whose MLP is zero, so they have an MLP's hooks too.
        bool Beyond(HookPoint h) => Whitebox.AttentionOnly(name) && (h.Name.Contains(".ln2.", StringComparison.Ordinal) || h.Name.Contains(".mlp.", StringComparison.Ordinal) || h.Name.EndsWith("resid_mid", StringComparison.Ordinal) || h.Name.EndsWith("mlp_out", StringComparison.Ordinal));
        Assert.Equal(want, model.Hooks.Where(h => !h.Optional && !Beyond(h)).Select(Show));
        Assert.Equal(optional, model.Hooks.Where(h => h.Optional).Select(Show));
        string[] forks = [.. o.GetProperty("forks").EnumerateArray().Select(e => $"{e[0].GetString()} {e[1].GetString()}")];
        Assert.Equal(forks.Order(StringComparer.Ordinal), model.Forks.Where(h => !Whitebox.AttentionOnly(name) || !h.Name.EndsWith("mlp_in", StringComparison.Ordinal)).Select(Show).Order(StringComparer.Ordinal));

        static string Show(HookPoint h) => $"{h.Name} [{string.Join(", ", h.Shape)}]";
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void Run_GoldenPrompts_GivesEveryActivation(string name)
    {
        using HookedTransformer model = Whitebox.Load(name);
        JsonElement prompts = Whitebox.Prompts(name);
        foreach (string kind in new[] { "one", "right", "left" })
        {
            using Safetensors expected = Safetensors.Open(Golden.Path("golden", "whitebox", "activations", $"{name}.{kind}.safetensors"));
            TokenBatch batch = kind == "one"
                ? TokenBatch.Of(Whitebox.Prompt(name, "one"))
                : new TokenBatch(Whitebox.Rows(prompts.GetProperty("batch").GetProperty(kind).GetProperty("ids")), Whitebox.Rows(prompts.GetProperty("batch").GetProperty(kind).GetProperty("mask")));
            HookedOutput output = model.RunWithCache(batch, "*", "blocks.*.attn.hook_result");
            int compared = 0;
            foreach (TensorInfo tensor in expected.Tensors.Values)
            {
                HookTensor got = tensor.Name == "logits" ? output.Logits! : output.Cache[tensor.Name];
                Assert.Equal(tensor.Shape, got.Shape.Select(s => (long)s));
                float[] want = Whitebox.Values(expected, tensor.Name);
                bool square = tensor.Name.EndsWith("hook_attn_scores", StringComparison.Ordinal) || tensor.Name.EndsWith("hook_pattern", StringComparison.Ordinal);
                int positions = batch.Ids[0].Count, width = want.Length / (batch.Ids.Count * positions);
                for (int i = 0; i < want.Length; i++)
                {
                    int row = i / (width * positions), position = square ? i / positions % positions : i / width % positions;
                    if (batch.Mask is not null && batch.Mask[row][position] == 0) continue;
                    Golden.Close(want[i], got.Values[i], 1e-4, 5e-5, $"{name} {kind} {tensor.Name} {i}");
                }

                compared++;
            }

            Assert.Equal(expected.Tensors.Count, compared);
        }
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void Run_Padding_ChangesNoBit(string name)
    {
        using HookedTransformer model = Whitebox.Load(name);
        int[][] rows = Whitebox.Rows(Whitebox.Prompts(name).GetProperty("batch").GetProperty("rows"));
        foreach (bool left in new[] { false, true })
        {
            TokenBatch batch = TokenBatch.Padded(rows, left: left);
            HookTensor together = model.Forward(batch).Logits!, watched = model.RunWithCache(batch).Logits!;
            Assert.Equal(together.Values, watched.Values);
            for (int row = 0; row < rows.Length; row++)
            {
                HookTensor alone = model.Logits(rows[row]);
                int shift = left ? batch.Ids[0].Count - rows[row].Length : 0;
                for (int i = 0; i < rows[row].Length; i++) Assert.True(alone.Row(0, i).SequenceEqual(together.Row(row, i + shift)));
            }
        }
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void Run_LastLogitsOrNone_AreTheSameBits(string name)
    {
        using HookedTransformer model = Whitebox.Load(name);
        int[][] rows = Whitebox.Rows(Whitebox.Prompts(name).GetProperty("batch").GetProperty("rows"));
        foreach (bool left in new[] { false, true })
        {
            TokenBatch batch = TokenBatch.Padded(rows, left: left);
            HookTensor all = model.Forward(batch).Logits!, last = model.Forward(batch, new HookRun { Logits = LogitPositions.Last }).Logits!;
            Assert.Equal([2, 1, model.Config.VocabularySize], last.Shape);
            for (int row = 0; row < rows.Length; row++) Assert.True(all.Row(row, left ? batch.Ids[0].Count - 1 : rows[row].Length - 1).SequenceEqual(last.Row(row, 0)));
            Assert.Null(model.Forward(batch, new HookRun { Logits = LogitPositions.None }).Logits);
        }
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void Ablation_HeadsMlpsNeurons_GiveGoldenLosses(string name)
    {
        using HookedTransformer model = Whitebox.Load(name);
        JsonElement prompts = Whitebox.Prompts(name);
        int[] clean = Whitebox.Prompt(name, "clean"), corrupt = Whitebox.Prompt(name, "corrupt");
        Func<HookTensor, double> difference = ActivationPatching.LogitDifference(prompts.GetProperty("answer").GetInt32(), prompts.GetProperty("wrong").GetInt32());
        ActivationCache means = model.RunWithCache(new TokenBatch(Whitebox.Rows(prompts.GetProperty("meanSet")))).Cache, other = model.RunWithCache(TokenBatch.Of(corrupt)).Cache;

        HookEdit Edit(string mode, string hook, ActivationSlice slice) => mode switch
        {
            "zero" => Ablation.Zero(hook, slice),
            "meanPosition" => Ablation.Mean(hook, Ablation.MeanByPosition(means[hook]), slice),
            "meanGlobal" => Ablation.Mean(hook, Ablation.MeanOverAll(means[hook]), slice),
            _ => Ablation.Resample(hook, other[hook], slice),
        };

        void Check(GoldenCase c, JsonElement want, Func<JsonElement, JsonElement> at, string mode, string hook, ActivationSlice slice)
        {
            HookTensor logits = model.Forward(TokenBatch.Of(clean), new HookRun { Edits = [Edit(mode, hook, slice)] }).Logits!;
            Golden.Close(at(want.GetProperty("loss")).GetDouble(), Whitebox.Loss(logits, clean), c.Rtol, c.Atol, $"{name} {c.Name} {mode} {hook} loss");
            Golden.Close(at(want.GetProperty("logitDiff")).GetDouble(), difference(logits), c.Rtol, c.Atol, $"{name} {c.Name} {mode} {hook} difference");
        }

        foreach (GoldenCase c in Whitebox.Cases("ablation.json", "heads", name))
        {
            foreach (JsonProperty mode in c.Out!.Value.EnumerateObject().Where(p => p.Name != "baseline"))
            {
                for (int layer = 0; layer < model.Config.Layers; layer++)
                {
                    for (int head = 0; head < model.Config.Heads; head++) Check(c, mode.Value, e => e[layer][head], mode.Name, $"blocks.{layer}.attn.hook_z", new() { Head = head });
                }
            }
        }

        foreach (GoldenCase c in Whitebox.Cases("ablation.json", "mlps", name))
        {
            foreach (JsonProperty mode in c.Out!.Value.EnumerateObject().Where(p => p.Name != "baseline"))
            {
                for (int layer = 0; layer < model.Config.Layers; layer++) Check(c, mode.Value, e => e[layer], mode.Name, $"blocks.{layer}.hook_mlp_out", ActivationSlice.All);
            }
        }

        foreach (GoldenCase c in Whitebox.Cases("ablation.json", "neurons", name))
        {
            foreach (JsonProperty mode in c.Out!.Value.EnumerateObject().Where(p => p.Name != "baseline"))
                Check(c, mode.Value, e => e, mode.Name, $"blocks.{c.In.GetProperty("layer").GetInt32()}.mlp.hook_post", new() { Neuron = c.In.GetProperty("neuron").GetInt32() });
        }
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void Patching_Sweeps_GiveGoldenMatrices(string name)
    {
        using HookedTransformer model = Whitebox.Load(name);
        JsonElement prompts = Whitebox.Prompts(name);
        int[] clean = Whitebox.Prompt(name, "clean"), corrupt = Whitebox.Prompt(name, "corrupt");
        Func<HookTensor, double> difference = ActivationPatching.LogitDifference(prompts.GetProperty("answer").GetInt32(), prompts.GetProperty("wrong").GetInt32());
        ActivationPatching denoise = new(model, corrupt, clean, difference), noise = new(model, clean, corrupt, difference);
        GoldenCase c = Whitebox.Cases("patching.json", "matrices", name).Single();
        Golden.Close(c.Out!.Value.GetProperty("clean").GetDouble(), denoise.Donor, c.Rtol, c.Atol, name);
        Golden.Close(c.Out!.Value.GetProperty("corrupt").GetDouble(), denoise.Receiver, c.Rtol, c.Atol, name);
        ActivationSlice[] positions = [.. Enumerable.Range(0, clean.Length).Select(i => new ActivationSlice { Position = i })], heads = Heads(model.Config.Heads), keys = Heads(model.Config.KeyValueHeads);
        ActivationSlice[] last = [.. heads.Select(head => head with { Position = clean.Length - 1 })], both = [.. positions.SelectMany(p => heads.Select(h => h with { Position = p.Position }))];

        using Safetensors expected = Safetensors.Open(Golden.Path("golden", "whitebox", "patching", name + ".safetensors"));
        foreach (TensorInfo tensor in expected.Tensors.Values)
        {
            ActivationPatching patching = tensor.Name.StartsWith("noise_", StringComparison.Ordinal) ? noise : denoise;
            (string hook, ActivationSlice[] slices) = tensor.Name switch
            {
                "resid_pre" or "noise_resid_pre" => ("blocks.{0}.hook_resid_pre", positions),
                "resid_mid" => ("blocks.{0}.hook_resid_mid", positions),
                "attn_out" => ("blocks.{0}.hook_attn_out", positions),
                "mlp_out" => ("blocks.{0}.hook_mlp_out", positions),
                "head_z" or "noise_head_z" => ("blocks.{0}.attn.hook_z", heads),
                "head_z_by_pos" => ("blocks.{0}.attn.hook_z", both),
                "head_q" => ("blocks.{0}.attn.hook_q", heads),
                "head_k" => ("blocks.{0}.attn.hook_k", keys),
                "head_v" => ("blocks.{0}.attn.hook_v", keys),
                "head_pattern" => ("blocks.{0}.attn.hook_pattern", heads),
                "head_pattern_last_query" => ("blocks.{0}.attn.hook_pattern", last),
                string other => throw new InvalidOperationException(other),
            };
            double[] got = [.. patching.Sweep(hook, slices, TestContext.Current.CancellationToken).Cast<double>()];
            float[] want = Whitebox.Values(expected, tensor.Name);
            Assert.Equal(want.Length, got.Length);
            for (int i = 0; i < want.Length; i++) Golden.Close(want[i], got[i], c.Rtol, c.Atol, $"{name} {tensor.Name} {i}");
        }

        static ActivationSlice[] Heads(int count) => [.. Enumerable.Range(0, count).Select(head => new ActivationSlice { Head = head })];
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void Edits_Golden_GiveLogits(string name)
    {
        using HookedTransformer model = Whitebox.Load(name);
        int[] clean = Whitebox.Prompt(name, "clean"), corrupt = Whitebox.Prompt(name, "corrupt");
        ActivationCache cleanCache = model.RunWithCache(TokenBatch.Of(clean)).Cache;
        int width = model.Config.HiddenSize, layers = model.Config.Layers;
        double[] v = [.. Enumerable.Range(0, width).Select(j => 3 * Math.Cos(j + 1))];
        double norm = Math.Sqrt(v.Sum(x => x * x));
        HookFunction steer = (value, _) => EachRow(value, (row, _) => { for (int d = 0; d < width; d++) row[d] += (float)v[d]; });
        HookFunction twice = (value, _) => EachRow(value, (row, _) => { for (int d = 0; d < width; d++) row[d] *= 2; });
        HookFunction ablate = (value, _) => EachRow(value, (row, _) =>
        {
            double along = 0;
            for (int d = 0; d < width; d++) along += row[d] * v[d] / norm;
            for (int d = 0; d < width; d++) row[d] -= (float)(along * v[d] / norm);
        });
        HookFunction fromClean = (_, point) => cleanCache[point.Name].Clone();

        using Safetensors expected = Safetensors.Open(Golden.Path("golden", "whitebox", "edits", name + ".safetensors"));
        float[]? plain = null;
        foreach (GoldenCase c in Whitebox.Cases("edits.json", "edits", name))
        {
            string edit = c.In.GetProperty("edit").GetString()!;
            HookEdit[] edits = edit switch
            {
                "none" => [],
                "identity" => [new("*", (value, _) => value)],
                "steerAll" => [new("blocks.1.hook_resid_pre", steer)],
                "steerLast" => [new("blocks.1.hook_resid_pre", (value, _) => EachRow(value, (row, i) => { if (i == corrupt.Length - 1) for (int d = 0; d < width; d++) row[d] += (float)v[d]; }))],
                "uniformPattern" => [new("blocks.1.attn.hook_pattern", (value, _) =>
                {
                    for (int q = 0; q < corrupt.Length; q++)
                    {
                        for (int k = 0; k < corrupt.Length; k++) value[0, 0, q, k] = k <= q ? 1f / (q + 1) : 0;
                    }

                    return null;
                })],
                "qFromClean" => [new("blocks.1.attn.hook_q", fromClean)],
                "kFromClean" => [new("blocks.1.attn.hook_k", fromClean)],
                "allPatternsFromClean" => [new("*.hook_pattern", fromClean)],
                "allNormScalesFromClean" => [new("*.hook_scale", fromClean)],
                "directionAblated" => [new("*.hook_resid_pre", ablate), new($"blocks.{layers - 1}.hook_resid_post", ablate)],
                "doubleThenSteer" => [new("blocks.1.hook_resid_pre", twice), new("blocks.1.hook_resid_pre", steer)],
                "steerThenDouble" => [new("blocks.1.hook_resid_pre", steer), new("blocks.1.hook_resid_pre", twice)],
                "scoresHalved" => [new("blocks.0.attn.hook_attn_scores", (value, _) => { for (int i = 0; i < value.Values.Length; i++) value.Values[i] /= 2; return value; })],
                "embedZeroAtPos2" => [new("hook_embed", (value, _) => EachRow(value, (row, i) => { if (i == 2) row.Clear(); }))],
                string other => throw new InvalidOperationException(other),
            };
            HookTensor logits = model.Forward(TokenBatch.Of(corrupt), new HookRun { Edits = edits }).Logits!;
            Golden.Close(c.Out!.Value.GetProperty("loss").GetDouble(), Whitebox.Loss(logits, corrupt), c.Rtol, c.Atol, $"{name} {edit} loss");
            if (edit == "none") plain = logits.Values;
            if (edit == "identity") Assert.Equal(plain, logits.Values);
            if (!expected.Tensors.ContainsKey(edit)) continue;
            float[] want = Whitebox.Values(expected, edit);
            for (int i = 0; i < want.Length; i++) Golden.Close(want[i], logits.Values[logits.Values.Length - want.Length + i], c.Rtol, c.Atol, $"{name} {edit} {i}");
        }

        static HookTensor EachRow(HookTensor value, RowEdit edit)
        {
            for (int i = 0; i < value.Shape[1]; i++) edit(value.Row(0, i), i);
            return value;
        }
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void StopAndStart_Golden_GiveResidualAndFullLogits(string name)
    {
        using HookedTransformer model = Whitebox.Load(name);
        foreach (GoldenCase c in Whitebox.Cases("edits.json", "cut", name))
        {
            if (!c.In.TryGetProperty("stopAtLayer", out JsonElement layer)) continue;
            TokenBatch batch = TokenBatch.Of(Whitebox.Prompt(name, c.In.GetProperty("prompt").GetString()!));
            HookedOutput stopped = model.Forward(batch, new HookRun { StopAtLayer = layer.GetInt32() });
            Assert.Null(stopped.Logits);
            JsonElement want = c.Out!.Value.GetProperty("resid");
            Golden.Close(want.GetProperty("l2").GetDouble(), Math.Sqrt(stopped.Residual.Values.Sum(x => (double)x * x)), c.Rtol, c.Atol, $"{name} {layer} l2");
            int i = 0;
            foreach (JsonElement first in want.GetProperty("first").EnumerateArray()) Golden.Close(first.GetDouble(), stopped.Residual.Values[i], c.Rtol, c.Atol, $"{name} {layer} {i++}");
            int start = layer.GetInt32() < 0 ? layer.GetInt32() + model.Config.Layers : layer.GetInt32();
            Assert.Equal(model.Forward(batch).Logits!.Values, model.Forward(batch, new HookRun { StartAtLayer = start, Residual = stopped.Residual }).Logits!.Values);
        }
    }

    private delegate void RowEdit(Span<float> row, int position);
}
