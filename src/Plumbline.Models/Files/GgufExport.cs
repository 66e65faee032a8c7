using System.Text.Json;
using Plumbline.Models.Architectures;

namespace Plumbline.Models.Files;

/// <summary>
/// Writes a model of any readable format as GGUF, the way llama.cpp's converter does: Llama's query and key rows in adjacent
/// pairs, GPT-2's matrices as [out, in], norms and biases in F32, the tokenizer and chat template in the metadata.
/// </summary>
public static class GgufExport
{
    /// <summary>Writes a GGUF.</summary>
    /// <param name="model">A gpt2, llama, mistral (without sliding window), qwen2 or qwen3.</param>
    /// <param name="path">The file, replaced if it exists; it appears when it is complete.</param>
    /// <param name="type">F32, F16, BF16 or Q8_0 for the matrices; rows that do not divide into Q8_0's blocks become F16.</param>
    /// <param name="name">general.name.</param>
    /// <returns>Warnings: what could not be carried over exactly.</returns>
    /// <exception cref="ModelFileException">The architecture or its RoPE scaling has no place in GGUF.</exception>
    public static IReadOnlyList<string> Write(ModelFolder model, string path, TensorType type, string name)
    {
        if (!TensorEncoding.CanWrite(type)) throw new ModelFileException($"{path}: GGUF is written as F32, F16, BF16 or Q8_0, not as {type}.");
        List<string> warnings = [];
        ModelConfig config = model.Config;
        string architecture = config.Architecture switch
        {
            "llama" or "gpt2" or "qwen2" or "qwen3" => config.Architecture,
            "mistral" => "llama",
            string other => throw new ModelFileException($"{path}: a {other} model is not written as GGUF; gpt2, llama, mistral, qwen2 and qwen3 are."),
        };
        if (config.SlidingWindow is not null) throw new ModelFileException($"{path}: the model has a sliding window of {config.SlidingWindow}, which GGUF's {architecture} does not have; it would compute something else.");

        List<KeyValuePair<string, object>> metadata = Metadata(path, config, architecture, type, name, warnings);
        TensorSet extra = new(path);
        using ModelTensors view = View(model, architecture, extra, out List<(string, TensorType)> plan, type);
        Tokenizer(model, metadata, warnings);
        GgufWriter.Write(path, metadata, view, plan);
        return warnings;
    }

    private static List<KeyValuePair<string, object>> Metadata(string path, ModelConfig c, string architecture, TensorType type, string name, List<string> warnings)
    {
        List<KeyValuePair<string, object>> metadata = [];
        void Add(string key, object value) => metadata.Add(new(key, value));
        void AddOwn(string key, object value) => Add($"{architecture}.{key}", value);
        Add("general.architecture", architecture);
        Add("general.name", name);
        Add("general.file_type", type switch { TensorType.F32 => 0u, TensorType.F16 => 1u, TensorType.Q8_0 => 7u, _ => 32u });
        AddOwn("context_length", (uint)c.MaxPositions);
        AddOwn("embedding_length", (uint)c.HiddenSize);
        AddOwn("block_count", (uint)c.Layers);
        AddOwn("feed_forward_length", (uint)c.IntermediateSize);
        AddOwn("attention.head_count", (uint)c.Heads);
        if (architecture == "gpt2")
        {
            AddOwn("attention.layer_norm_epsilon", (float)c.NormEpsilon);
            return metadata;
        }

        AddOwn("attention.head_count_kv", (uint)c.KeyValueHeads);
        AddOwn("attention.layer_norm_rms_epsilon", (float)c.NormEpsilon);
        AddOwn("attention.key_length", (uint)c.HeadDimension);
        AddOwn("attention.value_length", (uint)c.HeadDimension);
        AddOwn("rope.freq_base", (float)c.RopeTheta);
        AddOwn("rope.dimension_count", (uint)c.RotaryDimensions);
        AddOwn("vocab_size", (uint)c.VocabularySize);
        switch (c.RopeScaling)
        {
            case null or { Kind: RopeScalingKind.Llama3 or RopeScalingKind.Divisors }:
                break;
            case { Kind: RopeScalingKind.Linear } linear:
                AddOwn("rope.scaling.type", "linear");
                AddOwn("rope.scaling.factor", (float)linear.Factor);
                break;
            case { Kind: RopeScalingKind.Yarn, Truncate: true, MScale: null, MScaleAllDimensions: null } yarn:
                AddOwn("rope.scaling.type", "yarn");
                AddOwn("rope.scaling.factor", (float)yarn.Factor);
                AddOwn("rope.scaling.original_context_length", (uint)yarn.OriginalMaxPositions);
                if (yarn.AttentionFactor is double attention) AddOwn("rope.scaling.attn_factor", (float)(attention / ((0.1 * Math.Log(yarn.Factor)) + 1)));
                if (yarn.BetaFast is 32 && yarn.BetaSlow is 1) break;
                AddOwn("rope.scaling.yarn_beta_fast", (float)yarn.BetaFast);
                AddOwn("rope.scaling.yarn_beta_slow", (float)yarn.BetaSlow);
                warnings.Add($"{path}: yarn's beta_fast {yarn.BetaFast} and beta_slow {yarn.BetaSlow} are in the metadata, but llama.cpp may use 32 and 1 all the same.");
                break;
            case RopeScaling other:
                throw new ModelFileException($"{path}: GGUF's {architecture} has no place for RoPE scaling {other.Kind} with these parameters; it would compute something else.");
        }

        return metadata;
    }

    private static ModelTensors View(ModelFolder model, string architecture, TensorSet extra, out List<(string, TensorType)> plan, TensorType type)
    {
        ModelConfig config = model.Config;
        plan = [];
        if (Divisors(config) is float[] divisors) extra.Add("rope_freqs.weight", [divisors.Length], divisors);
        ModelTensors view = new(new TwoSources(model.Tensors, extra));
        foreach (ExpectedTensor expected in ExpectedTensor.Of(config))
        {
            TensorInfo tensor = model.Tensors.Find(expected.Name);
            string name = GgufConfig.TensorName(expected.Name);
            bool matrix = tensor.Shape.Count == 2;
            bool turned = config.MatricesInOut && matrix && expected.Name.Contains(".h.", StringComparison.Ordinal);
            view.Add(name, expected.Name, architecture == "llama" && RotaryRows.Turns(expected.Name) ? row => RotaryRows.Halved(row, config.HeadDimension) : null, turned);
            long row = view.Tensors[name].Shape[^1];
            plan.Add((name, !matrix ? TensorType.F32 : row % type.BlockValues() != 0 ? TensorType.F16 : type));
        }

        foreach (string name in extra.Tensors.Keys)
        {
            view.Add(name, name);
            plan.Add((name, TensorType.F32));
        }

        return view;
    }

    /// <summary>llama3's scaling as divisors of the frequencies, which is how GGUF holds it; null where there is none.</summary>
    internal static float[]? Divisors(ModelConfig config)
    {
        if (config.RopeScaling is { Kind: RopeScalingKind.Divisors } given) return [.. given.LongFactors.Select(f => (float)f)];
        if (config.RopeScaling is not { Kind: RopeScalingKind.Llama3 } scaling) return null;
        float[] divisors = new float[config.RotaryDimensions / 2];
        for (int i = 0; i < divisors.Length; i++)
        {
            // Turns at the trained length decide: many keep the frequency, few divide it, between them it is blended.
            double wavelength = 2 * Math.PI * Math.Pow(config.RopeTheta, 2.0 * i / config.RotaryDimensions), turns = scaling.OriginalMaxPositions / wavelength;
            double blend = Math.Clamp((turns - scaling.LowFrequencyFactor) / (scaling.HighFrequencyFactor - scaling.LowFrequencyFactor), 0, 1);
            divisors[i] = (float)(1 / (((1 - blend) / scaling.Factor) + blend));
        }

        return divisors;
    }

    private static void Tokenizer(ModelFolder model, List<KeyValuePair<string, object>> metadata, List<string> warnings)
    {
        switch (model.Tokenizer.Kind)
        {
            case TokenizerKind.Gguf:
                metadata.AddRange(model.Metadata!.Where(pair => pair.Key.StartsWith("tokenizer.", StringComparison.Ordinal)).Select(Narrow));
                return;
            case TokenizerKind.HuggingFace:
                using (JsonDocument json = JsonFile.Parse(model.Tokenizer.Path)) GgufTokenizer.Add(model.Tokenizer.Path, json.RootElement, model, metadata, warnings);
                break;
            default:
                warnings.Add($"{model.Path}: there is no tokenizer.json, so the GGUF has no tokenizer.");
                break;
        }

        foreach ((string name, string template) in model.ChatTemplates.OrderBy(pair => pair.Key, StringComparer.Ordinal))
            metadata.Add(new(name == "default" ? "tokenizer.chat_template" : $"tokenizer.chat_template.{name}", template));
    }

    // Reading widens numbers; the keys of the tokenizer are uint32, int32 and float32 by the specification.
    private static KeyValuePair<string, object> Narrow(KeyValuePair<string, object> pair) => new(pair.Key, pair.Value switch
    {
        long number and >= 0 and <= uint.MaxValue => (uint)number,
        long[] numbers when numbers.All(n => n is >= int.MinValue and <= int.MaxValue) => numbers.Select(n => (int)n).ToArray(),
        double[] numbers => numbers.Select(n => (float)n).ToArray(),
        double number => (float)number,
        object value => value,
    });

    // The model's tensors and a few more, without taking the model's over.
    private sealed class TwoSources(ITensorSource first, ITensorSource second) : ITensorSource
    {
        public string Path => first.Path;

        public IReadOnlyDictionary<string, TensorInfo> Tensors { get; } = first.Tensors.Concat(second.Tensors).ToDictionary(pair => pair.Key, pair => pair.Value, StringComparer.Ordinal);

        public ReadOnlySpan<byte> Bytes(string name) => Of(name).Bytes(name);

        public ReadOnlySpan<byte> Bytes(string name, long start, int length) => Of(name).Bytes(name, start, length);

        public void Read(string name, Span<float> destination) => Of(name).Read(name, destination);

        public void Read(string name, long first, Span<float> destination) => Of(name).Read(name, first, destination);

        public void Dispose()
        {
        }

        private ITensorSource Of(string name) => second.Tensors.ContainsKey(name) ? second : first;
    }
}
