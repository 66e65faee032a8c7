using System.Text.Json;
using Plumbline.Models.Files;
using Plumbline.Models.Hooks;
using Plumbline.Tests;

namespace Plumbline.Models.Tests.Hooks;

/// <summary>Every folder and GGUF of golden/models through the hooked forward.</summary>
public sealed class HookedModelTests
{
    public static TheoryData<string> Folders { get; } =
    [
        "bert", "distilbert", "falcon", "gemma", "gemma2", "gemma3-text", "gpt-j", "gpt-neox-parallel", "gpt-neox-sequential", "gpt2", "gpt2-f16-bare", "llama-gqa-bias-untied-sharded", "llama-gqa-tied",
        "llama-head-dim-12", "llama-rope-dynamic", "llama-rope-linear", "llama-rope-llama3", "llama-rope-yarn", "mistral", "olmo2", "opt", "phi3", "phi3-longrope", "qwen2-bf16", "qwen3", "roberta", "stablelm",
    ];

    [Theory]
    [MemberData(nameof(Folders))]
    public void Run_GoldenFolder_GivesLogitsHiddenStatesAndPatterns(string folder)
    {
        using JsonDocument file = Golden.Json("golden", "models", folder, "cases.json");
        using Safetensors expected = Safetensors.Open(Golden.Path("golden", "models", folder, "cases.safetensors"));
        using HookedTransformer model = HookedTransformer.Load(Golden.Path("golden", "models", folder), threads: 1);
        int layers = model.Config.Layers;
        foreach (GoldenCase c in Golden.Cases(file, "forward"))
        {
            TokenBatch batch = new(Whitebox.Rows(c.In.GetProperty("ids")), Optional("mask"), Optional("types"));
            HookedOutput output = model.RunWithCache(batch);
            JsonElement o = c.Out!.Value;
            Compare(o.GetProperty("logits"), output.Logits!, 1, "logits");
            if (o.TryGetProperty("pooled", out JsonElement pooled)) Compare(pooled, output.Cache["pooler.hook_pooler_out"], 1, "pooled");
            if (o.TryGetProperty("nextSentence", out JsonElement next)) Compare(next, output.Cache["nsp_head.hook_nsp_out"], 1, "next sentence");
            if (o.TryGetProperty("meanPooled", out JsonElement mean)) Compare(mean, model.MeanPooled(batch, TestContext.Current.CancellationToken), 1, "mean");
            if (o.TryGetProperty("lastLayer", out JsonElement last)) Compare(last, output.Residual, 1, "last layer");
            if (o.TryGetProperty("attention", out JsonElement attention))
            {
                for (int layer = 0; layer < layers; layer++) Compare(attention[layer], output.Cache[$"blocks.{layer}.attn.hook_pattern"], 0.1, $"pattern {layer}");
            }

            // The embeddings, each layer's output, and the last one after the final norm; OPT's is the projected one.
            if (o.TryGetProperty("hidden", out JsonElement hidden))
            {
                for (int layer = 0; layer < layers; layer++) Compare(hidden[layer], output.Cache[$"blocks.{layer}.hook_resid_pre"], 1, $"hidden {layer}");
                if (folder != "opt") Compare(hidden[layers], model.Config.Causal ? output.Cache["unembed.hook_in"] : output.Residual, 1, "hidden after the norm");
            }

            if (o.TryGetProperty("hiddenLast", out JsonElement hiddenLast)) LastOfRows(hiddenLast.GetString()!, o.GetProperty("attentionLast").GetString()!, Whitebox.Ints(o.GetProperty("queryOfLast")));

            // [layer + 1, row, width] and [layer, row, head, key] at the last real token of each row.
            void LastOfRows(string hiddenName, string attentionName, int[] queries)
            {
                float[] states = Whitebox.Values(expected, hiddenName), patterns = Whitebox.Values(expected, attentionName);
                int rows = queries.Length, kept = (int)expected.Tensors[hiddenName].Shape[0], width = states.Length / rows / kept, keys = batch.Ids[0].Count, heads = model.Config.Heads;
                for (int layer = 0; layer < kept; layer++)
                {
                    HookTensor state = layer < layers ? output.Cache[$"blocks.{layer}.hook_resid_pre"] : model.Config.Causal ? output.Cache["unembed.hook_in"] : output.Residual;
                    for (int i = 0; i < rows * width; i++) Compared(states[(layer * rows * width) + i], state[i / width, queries[i / width], i % width], i, 1, $"last hidden {layer}");
                }

                for (int i = 0; i < patterns.Length; i++)
                {
                    int key = i % keys, head = i / keys % heads, row = i / keys / heads % rows, layer = i / keys / heads / rows;
                    Compared(patterns[i], output.Cache[$"blocks.{layer}.attn.hook_pattern"][row, head, queries[row], key], i, 0.1, "last pattern");
                }
            }

            int[][]? Optional(string name) => c.In.TryGetProperty(name, out JsonElement rows) ? Whitebox.Rows(rows) : null;

            void Compare(JsonElement tensor, HookTensor got, double tighter, string what)
            {
                float[] want = Whitebox.Values(expected, tensor.GetString()!);
                Assert.Equal(want.Length, got.Values.Length);
                for (int i = 0; i < want.Length; i++) Compared(want[i], got.Values[i], i, tighter, what);
            }

            void Compared(float want, float got, int i, double tighter, string what) => Golden.Close(want, got, c.Rtol, c.Atol * tighter, $"{folder} {c.Name} {what} {i}");
        }
    }

    [Fact]
    public void Run_GoldenGguf_GivesLogitsOfTheDequantisedWeights()
    {
        using JsonDocument file = Golden.Json("golden", "models", "gguf", "cases.json");
        using Safetensors expected = Safetensors.Open(Golden.Path("golden", "models", "gguf", "logits.safetensors"));
        int files = 0;
        foreach (JsonElement c in file.RootElement.GetProperty("groups").EnumerateObject().SelectMany(g => g.Value.GetProperty("cases").EnumerateArray()))
        {
            JsonElement input = c.GetProperty("in");
            string name = (c.TryGetProperty("file", out JsonElement one) ? one : input.GetProperty("files")[0]).GetString()!;
            using HookedTransformer model = HookedTransformer.Load(Golden.Path("golden", "models", "gguf", name), threads: 1);
            float[] want = Whitebox.Values(expected, c.GetProperty("out").GetProperty("logits").GetString()!), got = model.Logits(Whitebox.Ints(input.GetProperty("ids"))).Values;
            for (int i = 0; i < want.Length; i++) Golden.Close(want[i], got[i], 1e-5, 1e-4, $"{name} {i}");
            files++;
        }

        Assert.Equal(26, files);
    }

    [Fact]
    public void Run_GptNanoSort_GivesTheModelsOwnPartials()
    {
        using HookedTransformer model = HookedTransformer.Load(Golden.Path("models", "gpt-nano-sort", "gpt-nano-sort-model.json"), threads: 1);
        using JsonDocument partials = Golden.Json("models", "gpt-nano-sort", "gpt-nano-sort-t0-partials.json");
        float[] ids = Partial("idx");
        HookedOutput output = model.RunWithCache(new TokenBatch([.. ids.Chunk(11).Select(row => (IReadOnlyList<int>)[.. row.Select(id => (int)id)])]));
        Dictionary<string, float[]> got = new()
        {
            ["tok_emb"] = output.Cache["hook_embed"].Values,
            ["x"] = output.Cache["blocks.0.hook_resid_pre"].Values,
            ["att"] = output.Cache["blocks.0.attn.hook_attn_scores"].Values,
            ["attSm"] = output.Cache["blocks.0.attn.hook_pattern"].Values,
            ["y"] = output.Cache["blocks.0.attn.hook_z"].Values,
            ["yProj"] = output.Cache["blocks.0.hook_attn_out"].Values,
            ["attnResid"] = output.Cache["blocks.0.hook_resid_mid"].Values,
            ["fc"] = output.Cache["blocks.0.mlp.hook_pre"].Values,
            ["gelu"] = output.Cache["blocks.0.mlp.hook_post"].Values,
            ["mlp"] = output.Cache["blocks.0.hook_mlp_out"].Values,
            ["block0"] = output.Cache["blocks.0.hook_resid_post"].Values,
            ["block1"] = output.Cache["blocks.1.hook_resid_post"].Values,
            ["block2"] = output.Cache["blocks.2.hook_resid_post"].Values,
            ["ln_f"] = output.Cache["unembed.hook_in"].Values,
            ["lm_head"] = output.Logits!.Values,
        };
        foreach ((string name, float[] values) in got)
        {
            float[] want = Partial(name);
            Assert.Equal(want.Length, values.Length);
            for (int i = 0; i < want.Length; i++) Golden.Close(want[i], values[i], 1e-4, 2e-5, $"{name} {i}");
        }

        float[] Partial(string name) => [.. System.Runtime.InteropServices.MemoryMarshal.Cast<byte, float>(partials.RootElement.GetProperty(name).GetProperty("data").GetBytesFromBase64())];
    }

    [Fact]
    public void MeanPooled_MiniLm_GivesUnitlikeEmbeddingsWithoutHead()
    {
        using HookedTransformer model = HookedTransformer.Load(Golden.Path("models", "minilm-l6-v2"), threads: 1);
        TokenBatch batch = TokenBatch.Padded([[101, 7592, 2088, 102], [101, 2748, 102]]);
        Assert.Null(model.Run(batch, null, TestContext.Current.CancellationToken).Logits);
        HookTensor together = model.MeanPooled(batch, TestContext.Current.CancellationToken), alone = model.MeanPooled(TokenBatch.Of([101, 2748, 102]), TestContext.Current.CancellationToken);
        Assert.Equal([2, 384], together.Shape);
        Assert.True(alone.Row(0).SequenceEqual(together.Row(1)));
        Assert.DoesNotContain(model.Hooks, hook => hook.Name.StartsWith("unembed", StringComparison.Ordinal));
    }
}
