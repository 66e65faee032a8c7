using Plumbline.Models.Files;

namespace Plumbline.Models.Architectures;

/// <summary>OLMo 2: norms stand behind attention and MLP, on their output; q and k are normed over all heads together.</summary>
internal static class Olmo2
{
    public static Architecture Architecture { get; } = new()
    {
        ModelType = "olmo2",
        ClassName = "Olmo2",
        Read = static keys =>
        {
            bool bias = keys.Flag("attention_bias", false);
            return Llama.Config(keys, "olmo2", new() { Epsilon = 1e-5 }) with { QueryKeyValueBias = bias, AttentionOutputBias = bias, QueryKeyNorm = QueryKeyNorm.AllHeads };
        },
        Describe = static c => Llama.Blocks(c) with
        {
            AttentionNorm = null,
            AfterAttentionNorm = "model.layers.{0}.post_attention_layernorm",
            MlpNorm = null,
            AfterMlpNorm = "model.layers.{0}.post_feedforward_layernorm",
        },
    };
}
