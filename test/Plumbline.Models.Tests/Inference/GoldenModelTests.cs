using System.Text.Json;
using Plumbline.Models.Files;
using Plumbline.Models.Inference;
using Plumbline.Tests;

namespace Plumbline.Models.Tests.Inference;

public sealed class GoldenModelTests
{
    public static TheoryData<string> Causal { get; } =
    [
        "llama-gqa-tied", "llama-gqa-bias-untied-sharded", "llama-head-dim-12", "llama-rope-linear", "llama-rope-dynamic", "llama-rope-llama3", "llama-rope-yarn",
        "mistral", "qwen2-bf16", "qwen3", "phi3", "phi3-longrope", "olmo2", "gemma", "gemma2", "gemma3-text", "stablelm", "gpt2", "gpt2-f16-bare",
        "gpt-neox-parallel", "gpt-neox-sequential", "gpt-j", "falcon", "opt",
    ];

    [Theory]
    [MemberData(nameof(Causal))]
    public void Logits_GoldenFolder_AreThoseOfTransformers(string folder)
    {
        using JsonDocument file = Golden.Json("golden", "models", folder, "cases.json");
        using Safetensors expected = Safetensors.Open(Golden.Path("golden", "models", folder, "cases.safetensors"));
        using LanguageModel model = Load(folder);
        foreach (GoldenCase c in Golden.Cases(file, "forward"))
        {
            string tensor = c.Out!.Value.GetProperty("logits").GetString()!;
            float[] want = Values(expected, tensor);
            int[][] ids = Rows(c.In.GetProperty("ids"));
            int[][]? mask = c.In.TryGetProperty("mask", out JsonElement m) ? Rows(m) : null;
            int length = ids[0].Length, vocabulary = model.Config.VocabularySize;
            for (int row = 0; row < ids.Length; row++)
            {
                // Without padding: the real tokens of a row are a text of their own.
                int[] real = [.. Enumerable.Range(0, length).Where(i => mask is null || mask[row][i] == 1)];
                float[] got = model.Logits([.. real.Select(i => ids[row][i])], TestContext.Current.CancellationToken);
                for (int i = 0; i < real.Length; i++)
                {
                    for (int v = 0; v < vocabulary; v++)
                        Golden.Close(want[(((row * length) + real[i]) * vocabulary) + v], got[(i * vocabulary) + v], c.Rtol, c.Atol, $"{folder} {tensor} row {row} position {i} id {v}");
                }
            }
        }
    }

    [Theory]
    [MemberData(nameof(Causal))]
    public async Task Generate_Greedy_GivesGoldenIdsAndMargins(string folder)
    {
        using JsonDocument file = Golden.Json("golden", "models", folder, "cases.json");
        using LanguageModel model = Load(folder);
        foreach (GoldenCase c in Golden.Cases(file, "greedy"))
        {
            JsonElement o = c.Out!.Value;
            string cached = o.TryGetProperty("idsWithCache", out _) ? "WithCache" : "";
            int[] ids = Ints(o.GetProperty("ids" + cached));
            double[] margins = [.. o.GetProperty("margins" + cached).EnumerateArray().Select(e => e.GetDouble())], got = new double[margins.Length];
            GenerationResult result = await model.GenerateAsync(
                Ints(c.In.GetProperty("ids")),
                new GenerationOptions { MaxTokens = c.In.GetProperty("maxNew").GetInt32(), IgnoreEnd = true },
                null,
                (step, logits) =>
                {
                    float[] falling = [.. logits.ToArray().OrderDescending()];
                    got[step] = falling[0] - falling[1];
                },
                TestContext.Current.CancellationToken);
            Assert.Equal(ids, result.Ids);
            for (int i = 0; i < margins.Length; i++) Golden.Close(margins[i], got[i], 0, 1e-3, $"{folder} {c.Name} margin {i}");
        }
    }

    [Fact]
    public void Logits_GoldenGguf_AreThoseOfTheDequantisedWeights()
    {
        using JsonDocument file = Golden.Json("golden", "models", "gguf", "cases.json");
        using Safetensors expected = Safetensors.Open(Golden.Path("golden", "models", "gguf", "logits.safetensors"));
        int files = 0;
        foreach (JsonElement c in file.RootElement.GetProperty("groups").EnumerateObject().SelectMany(g => g.Value.GetProperty("cases").EnumerateArray()))
        {
            JsonElement input = c.GetProperty("in");
            string name = (c.TryGetProperty("file", out JsonElement one) ? one : input.GetProperty("files")[0]).GetString()!;
            using ModelFolder folder = ModelFolder.Open(Golden.Path("golden", "models", "gguf", name));
            using LanguageModel model = LanguageModel.Load(folder);
            float[] want = Values(expected, c.GetProperty("out").GetProperty("logits").GetString()!), got = model.Logits(Ints(input.GetProperty("ids")), TestContext.Current.CancellationToken);
            for (int i = 0; i < want.Length; i++) Golden.Close(want[i], got[i], 1e-5, 1e-4, $"{name} {i}");
            files++;
        }

        Assert.Equal(26, files);
    }

    [Fact]
    public void Logits_Llama2C_AreGolden()
    {
        string path = Golden.Path("golden", "models", "llama2c", "cases.json");
        using JsonDocument file = JsonDocument.Parse(File.ReadAllBytes(path));
        using Safetensors expected = Safetensors.Open(Directory.EnumerateFiles(System.IO.Path.GetDirectoryName(path)!, "*.safetensors").First());
        using ModelFolder folder = ModelFolder.Open(System.IO.Path.Combine(Golden.Root!, "models", "stories260K", "stories260K.bin"));
        using LanguageModel model = LanguageModel.Load(folder);
        JsonElement group = file.RootElement.GetProperty("groups").EnumerateObject().First(g => g.Value.GetProperty("cases")[0].TryGetProperty("out", out JsonElement o) && o.ValueKind == JsonValueKind.Object && o.TryGetProperty("logits", out _)).Value;
        foreach (JsonElement c in group.GetProperty("cases").EnumerateArray())
        {
            float[] want = Values(expected, c.GetProperty("out").GetProperty("logits").GetString()!), got = model.Logits(Ints(c.GetProperty("in").GetProperty("ids")), TestContext.Current.CancellationToken);
            for (int i = 0; i < want.Length; i++) Golden.Close(want[i], got[i], 1e-5, 1e-4, $"llama2c {i}");
        }
    }

    [Fact]
    public void Score_GoldenContinuations_GiveLogProbabilitiesAndRanks()
    {
        using JsonDocument file = Golden.Json("golden", "models", "generation", "generation.json");
        foreach (IGrouping<string, GoldenCase> of in Golden.Cases(file, "score").GroupBy(c => c.In.GetProperty("model").GetString()!))
        {
            using LanguageModel model = Load(of.Key);
            GoldenCase[] cases = [.. of];
            IReadOnlyList<TokenScore> scores = model.Score(
                [.. cases.Select(c => new TokenQuery(Ints(c.In.GetProperty("context")), Ints(c.In.GetProperty("continuation"))))], TestContext.Current.CancellationToken);
            for (int i = 0; i < cases.Length; i++)
            {
                JsonElement o = cases[i].Out!.Value;
                Golden.Close(o.GetProperty("logprob").GetDouble(), scores[i].LogProb, 1e-5, 2e-4, cases[i].Name);
                Assert.Equal(o.GetProperty("greedy").GetBoolean(), scores[i].Greedy);
                Assert.Equal(Ints(o.GetProperty("ranks")), scores[i].Ranks);
                Assert.Equal(o.GetProperty("tokens").GetInt32(), scores[i].TokenLogProbs.Count);
                for (int t = 0; t < scores[i].TokenLogProbs.Count; t++)
                    Golden.Close(o.GetProperty("perToken")[t].GetDouble(), scores[i].TokenLogProbs[t], 1e-5, 2e-4, $"{cases[i].Name} token {t}");
            }
        }
    }

    [Fact]
    public async Task Generate_GivenUniforms_DrawsGoldenIds()
    {
        using JsonDocument file = Golden.Json("golden", "models", "generation", "generation.json");
        foreach (IGrouping<string, GoldenCase> of in Golden.Cases(file, "sampled").GroupBy(c => c.In.GetProperty("model").GetString()!))
        {
            using LanguageModel model = Load(of.Key);
            GoldenCase[] cases = [.. of];
            // All at once: what decodes beside a text does not change it.
            GenerationResult[] results = await Task.WhenAll(cases.Select(c => model.GenerateAsync(
                Ints(c.In.GetProperty("ids")),
                new GenerationOptions
                {
                    MaxTokens = 16,
                    IgnoreEnd = true,
                    Temperature = Number(c, "temperature", 1),
                    TopK = (int)Number(c, "topK", 0),
                    TopP = Number(c, "topP", 1),
                    MinP = Number(c, "minP", 0),
                    RepetitionPenalty = Number(c, "penalty", 1),
                    Uniforms = [.. c.In.GetProperty("uniforms").EnumerateArray().Select(e => e.GetDouble())],
                },
                null,
                TestContext.Current.CancellationToken)));
            for (int i = 0; i < cases.Length; i++) Assert.Equal(Ints(cases[i].Out!.Value.GetProperty("ids")), results[i].Ids);
        }

        static double Number(GoldenCase c, string name, double otherwise) => c.In.TryGetProperty(name, out JsonElement e) ? e.GetDouble() : otherwise;
    }

    internal static LanguageModel Load(string name, LanguageModelOptions? options = null)
    {
        using ModelFolder folder = ModelFolder.Open(Golden.Path("golden", "models", name));
        return LanguageModel.Load(folder, options: options);
    }

    internal static int[] Ints(JsonElement list) => [.. list.EnumerateArray().Select(e => e.GetInt32())];

    internal static float[] Values(ITensorSource source, string name)
    {
        float[] values = new float[source.Tensors[name].Count];
        source.Read(name, values);
        return values;
    }

    private static int[][] Rows(JsonElement rows) => [.. rows.EnumerateArray().Select(Ints)];
}
