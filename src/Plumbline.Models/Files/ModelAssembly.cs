using Plumbline.Models.Architectures;

namespace Plumbline.Models.Files;

/// <summary>Puts a file's tensors under Hugging Face's names and checks each against what the architecture needs.</summary>
internal static class ModelAssembly
{
    // Parts that stand outside the base model, so without its prefix.
    private static readonly string[] s_heads = ["lm_head.", "cls.", "embed_out.", "vocab_", "score.", "classifier", "qa_outputs", "pre_classifier"];

    /// <summary>Hugging Face's name to the file's: the prefix that a base model's file leaves out is added, the names of old files are brought up to date.</summary>
    public static Dictionary<string, string> Names(ITensorSource file, ModelConfig config)
    {
        string prefix = KnownArchitectures.Of(config.Architecture).Prefix;
        bool bare = !file.Tensors.Keys.Any(name => name.StartsWith(prefix, StringComparison.Ordinal));
        Dictionary<string, string> sources = new(StringComparer.Ordinal);
        foreach (string source in file.Tensors.Keys.Order(StringComparer.Ordinal))
        {
            string name = source;
            if (bare && !Array.Exists(s_heads, head => name.StartsWith(head, StringComparison.Ordinal))) name = prefix + name;

            // Layer norms in checkpoints that came from TensorFlow.
            if (name.EndsWith("LayerNorm.gamma", StringComparison.Ordinal)) name = name[..^"gamma".Length] + "weight";
            if (name.EndsWith("LayerNorm.beta", StringComparison.Ordinal)) name = name[..^"beta".Length] + "bias";
            if (!sources.TryAdd(name, source)) throw new ModelFileException($"{file.Path}: tensors {TensorLookup.Quote(sources[name])} and {TensorLookup.Quote(source)} are the same part of the model, {TensorLookup.Quote(name)}.");
        }

        // The head's bias has two names in BERT's family.
        ModelDescription model = KnownArchitectures.Describe(config);
        if (!sources.ContainsKey(model.HeadBias) && sources.TryGetValue(model.Head + ".bias", out string? twin)) sources.Add(model.HeadBias, twin);

        return sources;
    }

    /// <summary>The view of the file that holds exactly the architecture's tensors.</summary>
    /// <param name="file">The file; the view takes it over.</param>
    /// <param name="config">What the model is.</param>
    /// <param name="sources">Hugging Face's name to the file's.</param>
    /// <param name="key">What the file's config calls a size.</param>
    /// <param name="rows">For a tensor where each of its rows lies in the file; null where rows are in place.</param>
    public static ModelTensors Assemble(ITensorSource file, ModelConfig config, Dictionary<string, string> sources, Func<string, string> key, Func<string, Func<int, int>?> rows)
    {
        ModelTensors view = new(file);
        foreach (ExpectedTensor expected in ExpectedTensor.Of(config))
        {
            string source = sources.GetValueOrDefault(expected.Name, expected.Name);
            string called = source == expected.Name ? source : $"{source} ({expected.Name})";
            if (!file.Tensors.TryGetValue(source, out TensorInfo? tensor))
            {
                if (expected.Optional) continue;
                string why = expected.Name == KnownArchitectures.Describe(config).Head + ".weight" && config.Raw.ValueKind != System.Text.Json.JsonValueKind.Undefined ? "; tie_word_embeddings is false or absent, so the head must have a matrix of its own" : "";
                throw new ModelFileException($"{file.Path}: tensor {called} is missing{why}.");
            }

            if (!tensor.Shape.SequenceEqual(expected.Shape))
            {
                throw new ModelFileException($"{file.Path}: tensor {called} has shape {tensor.Shape.Show()}; the config makes it {expected.Shape.Show()}: "
                    + string.Join(", ", expected.Dimensions.Select(d => $"{key(d.What)} = {d.Size}")) + ".");
            }

            if (!tensor.Type.HoldsWeights())
                throw new ModelFileException($"{file.Path}: tensor {called} has type {tensor.Type}; integers and 8-bit floats are no weights without their scales. Convert the model to F32, F16 or BF16.");
            view.Add(expected.Name, source, rows(expected.Name));
        }

        return view;
    }
}
