using System.Text.Json;
using Plumbline.Models.Files;
using Plumbline.Tests;

namespace Plumbline.Models.Tests.Files;

public sealed class ModelFolderTests
{
    private static readonly string[] s_folders =
    [
        "bert", "distilbert", "falcon", "gemma", "gemma2", "gemma3-text", "gpt-j", "gpt-neox-parallel", "gpt-neox-sequential", "gpt2", "gpt2-f16-bare",
        "llama-gqa-bias-untied-sharded", "llama-gqa-tied", "llama-head-dim-12", "llama-rope-dynamic", "llama-rope-linear", "llama-rope-llama3", "llama-rope-yarn",
        "mistral", "olmo2", "opt", "phi3", "phi3-longrope", "qwen2-bf16", "qwen3", "roberta", "stablelm",
    ];

    public static TheoryData<string> Folders => [.. s_folders];

    [Theory, MemberData(nameof(Folders))]
    public void Every_golden_folder_opens_without_a_warning(string name)
    {
        string path = Golden.Path("golden", "models", name);
        using ModelFolder model = ModelFolder.Open(path);
        Assert.Empty(model.Warnings);
        Assert.Equal(ModelFormat.HuggingFace, model.Format);
        Assert.Equal(new TokenizerSource(TokenizerKind.HuggingFace, Path.Combine(path, "tokenizer.json")), model.Tokenizer);
        Assert.Equal(288, model.Config.VocabularySize);
        Assert.Equal(name == "llama-gqa-bias-untied-sharded" ? [2, 5] : model.Config.EosIds, model.Config.EosIds);
        Assert.True(model.Config.HasHead);
        foreach (TensorInfo tensor in model.Tensors.Tensors.Values)
        {
            float[] values = new float[tensor.Count];
            model.Tensors.Read(tensor.Name, values);
            Assert.All(values, v => Assert.True(float.IsFinite(v)));
        }

        // Nothing of the file is left out but what the layout says of it.
        int unused = name == "gpt2-f16-bare" ? 2 : 0;
        Assert.Equal(model.File.Tensors.Count - unused, model.Tensors.Tensors.Count);
    }

    [Fact]
    public void Every_golden_gguf_opens()
    {
        using JsonDocument golden = Golden.Json("golden", "models", "gguf", "cases.json");
        foreach (JsonElement c in golden.RootElement.GetProperty("groups").GetProperty("files").GetProperty("cases").EnumerateArray())
        {
            using ModelFolder model = ModelFolder.Open(Golden.Path("golden", "models", "gguf", c.GetProperty("file").GetString()!));
            Assert.Equal(c.GetProperty("arch").GetString(), model.Config.Architecture);
            Assert.Equal(TokenizerKind.Gguf, model.Tokenizer.Kind);
            Assert.Empty(model.Warnings);
        }
    }

    /// <summary>The GGUF in F32 holds the folder's values, so the view must give them exactly: names, row order, transposition.</summary>
    [Theory]
    [InlineData("llama-gqa-tied", "llama-gqa-tied.F32.gguf", 0)]
    [InlineData("gpt2", "gpt2.F32.gguf", 0)]
    [InlineData("qwen2-bf16", "qwen2.BF16.gguf", 0)]
    [InlineData("llama-rope-llama3", "llama-rope-llama3.F16.gguf", 1e-3)]
    [InlineData("llama-gqa-tied", "llama-gqa-tied.Q8_0.gguf", 0.05)]
    [InlineData("llama-gqa-tied", "llama-gqa-tied.Q4_0.gguf", 0.6)]
    public void A_gguf_shows_the_tensors_of_the_folder_it_was_made_from(string folder, string file, double tolerance)
    {
        using ModelFolder hf = ModelFolder.Open(Golden.Path("golden", "models", folder));
        using ModelFolder gguf = ModelFolder.Open(Golden.Path("golden", "models", "gguf", file));
        Assert.Equal(hf.Tensors.Tensors.Keys.Order(StringComparer.Ordinal), gguf.Tensors.Tensors.Keys.Order(StringComparer.Ordinal));
        foreach (string name in hf.Tensors.Tensors.Keys)
        {
            float[] want = Values(hf, name), got = Values(gguf, name);
            for (int i = 0; i < want.Length; i++) Golden.Close(want[i], got[i], 0, tolerance, $"{name}[{i}]");

            // What Bytes gives is what Read gives: rows of blocks move whole.
            float[] blocks = new float[got.Length];
            TensorInfo tensor = gguf.Tensors.Tensors[name];
            Dequantization.ToSingle(tensor.Type, gguf.Tensors.Bytes(name), blocks);
            Assert.Equal(Read(gguf, name), blocks);
        }

        ModelConfig a = hf.Config, b = gguf.Config;
        Assert.Equal((a.Architecture, a.HiddenSize, a.Layers, a.Heads, a.KeyValueHeads, a.HeadDimension, a.IntermediateSize, a.VocabularySize, a.MaxPositions), (b.Architecture, b.HiddenSize, b.Layers, b.Heads, b.KeyValueHeads, b.HeadDimension, b.IntermediateSize, b.VocabularySize, b.MaxPositions));
        Assert.Equal((a.Norm, a.Activation, a.Positions, a.TieWordEmbeddings, a.QueryKeyValueBias, a.AttentionOutputBias, a.MlpBias, a.RotaryDimensions, a.BosId), (b.Norm, b.Activation, b.Positions, b.TieWordEmbeddings, b.QueryKeyValueBias, b.AttentionOutputBias, b.MlpBias, b.RotaryDimensions, b.BosId));
        Assert.Equal((float)a.NormEpsilon, (float)b.NormEpsilon);
        Assert.Equal((float)a.RopeTheta, (float)b.RopeTheta);
        Assert.Equal(a.EosIds, b.EosIds);
    }

    [Fact]
    public void Rope_scaling_is_read_in_every_layout()
    {
        RopeScaling? Of(params string[] parts)
        {
            using ModelFolder model = ModelFolder.Open(Golden.Path(["golden", "models", .. parts]));
            return model.Config.RopeScaling;
        }

        Assert.Null(Of("llama-gqa-tied"));
        Assert.Equal(new RopeScaling { Kind = RopeScalingKind.Linear, Factor = 2.5 }, Of("llama-rope-linear"));
        Assert.Equal(new RopeScaling { Kind = RopeScalingKind.Linear, Factor = 2.5 }, Of("gguf", "llama-rope-linear.F16.gguf"));
        Assert.Equal(new RopeScaling { Kind = RopeScalingKind.Dynamic, Factor = 2, OriginalMaxPositions = 12 }, Of("llama-rope-dynamic"));
        Assert.Equal(new RopeScaling { Kind = RopeScalingKind.Llama3, Factor = 8, HighFrequencyFactor = 4, LowFrequencyFactor = 1, OriginalMaxPositions = 16 }, Of("llama-rope-llama3"));
        Assert.Equal(new RopeScaling { Kind = RopeScalingKind.Yarn, Factor = 4, BetaFast = 4, BetaSlow = 0.25, OriginalMaxPositions = 16 }, Of("llama-rope-yarn"));
        Assert.Equal(new RopeScaling { Kind = RopeScalingKind.Yarn, Factor = 4, OriginalMaxPositions = 16 }, Of("gguf", "llama-rope-yarn.F16.gguf"));
        RopeScaling divisors = Of("gguf", "llama-rope-llama3.F16.gguf")!, longrope = Of("phi3-longrope")!, gemma = Of("gemma3-text")!;
        Assert.Equal((RopeScalingKind.Divisors, 8), (divisors.Kind, divisors.LongFactors.Count));
        Assert.Equal((RopeScalingKind.LongRope, 4.0, 12), (longrope.Kind, longrope.Factor, longrope.OriginalMaxPositions));
        Assert.Equal([1, 1.1, 1.25, 1.5], longrope.ShortFactors);
        Assert.Equal([1, 2, 3.5, 6], longrope.LongFactors);
        Assert.Equal(new RopeScaling { Kind = RopeScalingKind.Linear, Factor = 4 }, gemma);
    }

    [Fact]
    public void Configs_say_what_the_architectures_do()
    {
        ModelConfig Of(string name)
        {
            using ModelFolder model = ModelFolder.Open(Golden.Path("golden", "models", name));
            return model.Config;
        }

        ModelConfig gemma2 = Of("gemma2"), gemma3 = Of("gemma3-text"), stable = Of("stablelm"), neox = Of("gpt-neox-parallel"), roberta = Of("roberta"), opt = Of("opt");
        Assert.Equal([true, false, true], gemma2.SlidingLayers);
        Assert.Equal((4, 3.0, 5.0, NormKind.RmsPlusOne, Activation.GeluTanh), (gemma2.SlidingWindow, gemma2.AttentionSoftcap, gemma2.LogitSoftcap, gemma2.Norm, gemma2.Activation));
        Assert.Equal(1 / Math.Sqrt(20), gemma2.AttentionScale);
        Assert.Equal([true, true, false], gemma3.SlidingLayers);
        Assert.Equal((1000.0, 100000.0, QueryKeyNorm.PerHead), (gemma3.RopeLocalTheta, gemma3.RopeTheta, gemma3.QueryKeyNorm));
        Assert.Equal(Activation.GeluTanh, Of("gemma").Activation);
        Assert.Equal((4, NormKind.LayerNorm, true, false), (stable.RotaryDimensions, stable.Norm, stable.QueryKeyValueBias, stable.AttentionOutputBias));
        Assert.Equal((4, true), (neox.RotaryDimensions, neox.ParallelResidual));
        Assert.False(Of("gpt-neox-sequential").ParallelResidual);
        Assert.Equal((2, 1, false), (roberta.PositionOffset, roberta.PadId, roberta.Causal));
        Assert.Equal((2, 24, Activation.Relu), (opt.PositionOffset, opt.WordEmbeddingSize, opt.Activation));
        Assert.Equal((1, PositionKind.Rope), (Of("falcon").KeyValueHeads, Of("falcon").Positions));
        Assert.Equal((8, PositionKind.RopeAdjacent, true), (Of("gpt-j").RotaryDimensions, Of("gpt-j").Positions, Of("gpt-j").HeadBias));
        Assert.Equal((4, 10000.0), (Of("mistral").SlidingWindow, Of("llama-rope-yarn").RopeTheta));
        Assert.Null(Of("qwen2-bf16").SlidingWindow);
        Assert.Equal(1e-12, Of("distilbert").NormEpsilon);
        Assert.Equal(QueryKeyNorm.AllHeads, Of("olmo2").QueryKeyNorm);
        Assert.Equal((true, 128), (Of("gpt2-f16-bare").MatricesInOut, Of("gpt2-f16-bare").IntermediateSize));
    }

    [Fact]
    public void SmolLM2_opens_as_a_folder_with_one_gguf()
    {
        using ModelFolder model = ModelFolder.Open(Golden.Path("models", "smollm2-135m-instruct"));
        Assert.Equal((ModelFormat.Gguf, "llama", 30, 9, 3, 64, 49152, true), (model.Format, model.Config.Architecture, model.Config.Layers, model.Config.Heads, model.Config.KeyValueHeads, model.Config.HeadDimension, model.Config.VocabularySize, model.Config.TieWordEmbeddings));
        Assert.Equal(134_515_008, model.Tensors.Tensors.Values.Sum(t => t.Count));
        Assert.Contains("<|im_start|>", model.ChatTemplate, StringComparison.Ordinal);
        Assert.Equal((1, 2), (model.Config.BosId, Assert.Single(model.Config.EosIds)));
        Assert.Empty(model.Warnings);
    }

    [Fact]
    public void MiniLM_without_prefix_and_head_opens()
    {
        using ModelFolder model = ModelFolder.Open(Golden.Path("models", "minilm-l6-v2"));
        Assert.Equal((6, 384, 12, 1e-12, false), (model.Config.Layers, model.Config.HiddenSize, model.Config.Heads, model.Config.NormEpsilon, model.Config.HasHead));
        Assert.Equal(103, model.Tensors.Tensors.Count);
        Assert.Equal([512, 384], model.Tensors.Tensors["bert.embeddings.position_embeddings.weight"].Shape);
        Assert.Empty(model.Warnings);
    }

    [Fact]
    public void Stories260K_opens_with_its_vocabulary()
    {
        string folder = Golden.Path("models", "stories260K");
        using ModelFolder model = ModelFolder.Open(folder);
        Assert.Equal((ModelFormat.Llama2C, 64, 172, 5, 8, 4, 512, 512), (model.Format, model.Config.HiddenSize, model.Config.IntermediateSize, model.Config.Layers, model.Config.Heads, model.Config.KeyValueHeads, model.Config.VocabularySize, model.Config.MaxPositions));
        Assert.Equal(260_032, model.Tensors.Tensors.Values.Sum(t => t.Count));
        Assert.Equal(new TokenizerSource(TokenizerKind.Llama2C, Path.Combine(folder, "tok512.bin")), model.Tokenizer);

        // Residual checksums of the reference are the forward pass's business; here, that every row is somewhere.
        float[] q = Read(model, "model.layers.0.self_attn.q_proj.weight"), raw = new float[q.Length];
        Dequantization.ToSingle(TensorType.F32, File.ReadAllBytes(Path.Combine(folder, "stories260K.bin")).AsSpan(28 + (4 * ((512 * 64) + (5 * 64))), q.Length * 4), raw);
        Assert.Equal(raw.Order(), q.Order());
        Assert.Equal(raw[..64], q[..64]);
        Assert.Equal(raw[64..128], q[(4 * 64)..(5 * 64)]);
    }

    [Fact]
    public void MinGPT_opens()
    {
        string folder = Golden.Path("models", "gpt-nano-sort");
        using ModelFolder model = ModelFolder.Open(folder);
        Assert.Equal((ModelFormat.MinGpt, 3, 3, 48, 3, 11, false, false), (model.Format, model.Config.Layers, model.Config.Heads, model.Config.HiddenSize, model.Config.VocabularySize, model.Config.MaxPositions, model.Config.TieWordEmbeddings, model.Config.MatricesInOut));
        // 3 layers of 28,272, embeddings 144 + 528, final norm 96, head 144.
        Assert.Equal(85_728, model.Tensors.Tensors.Values.Sum(t => t.Count));
        using JsonDocument json = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "gpt-nano-sort-model.json")));
        float[] head = new float[144];
        Dequantization.ToSingle(TensorType.F32, json.RootElement.GetProperty("lm_head.weight").GetProperty("data").GetBytesFromBase64(), head);
        Assert.Equal(head, Read(model, "lm_head.weight"));
    }

    private static float[] Read(ModelFolder model, string name)
    {
        float[] values = new float[model.Tensors.Tensors[name].Count];
        model.Tensors.Read(name, values);
        return values;
    }

    // A matrix of GPT-2 as [out, in], however it lies.
    private static float[] Values(ModelFolder model, string name)
    {
        float[] values = Read(model, name);
        IReadOnlyList<long> shape = model.Tensors.Tensors[name].Shape;
        if (!model.Config.MatricesInOut || shape.Count != 2 || name.Contains(".wte.", StringComparison.Ordinal) || name.Contains(".wpe.", StringComparison.Ordinal)) return values;
        int rows = (int)shape[0], columns = (int)shape[1];
        float[] turned = new float[values.Length];
        for (int r = 0; r < rows; r++)
            for (int c = 0; c < columns; c++) turned[(c * rows) + r] = values[(r * columns) + c];
        return turned;
    }
}
