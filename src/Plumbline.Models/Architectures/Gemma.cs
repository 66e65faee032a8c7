using Plumbline.Models.Files;

namespace Plumbline.Models.Architectures;

/// <summary>Gemma 1: Llama with norms that multiply by 1 + w, embeddings times √width, and tanh-GELU in the gate.</summary>
internal static class Gemma
{
    public static Architecture Architecture { get; } = new()
    {
        ModelType = "gemma",
        ClassName = "Gemma",
        Read = static keys => Config(keys, "gemma", Defaults(keys) with { MaxPositions = 8192 }),
        Describe = Llama.Blocks,
    };

    /// <summary>What all three generations share.</summary>
    public static Llama.Defaults Defaults(ConfigKeys keys)
    {
        // The published config of the first says gelu and means its tanh approximation; hidden_activation, where present, wins.
        string? key = keys.First("hidden_activation", "hidden_act");
        Activation activation = key is null || keys.Text(key) == "gelu" ? Activation.GeluTanh : Common.ReadActivation(keys, "gelu_pytorch_tanh", key);
        return new() { HeadDimension = 256, Norm = NormKind.RmsPlusOne, Activation = activation, Tied = true };
    }

    /// <summary>Biases and the scale of the embeddings.</summary>
    public static ModelConfig Config(ConfigKeys keys, string type, Llama.Defaults defaults)
    {
        bool bias = keys.Flag("attention_bias", false);
        ModelConfig config = Llama.Config(keys, type, defaults);
        return config with { QueryKeyValueBias = bias, AttentionOutputBias = bias, EmbeddingScale = Math.Sqrt(config.HiddenSize) };
    }
}
