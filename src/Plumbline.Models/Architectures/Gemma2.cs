using Plumbline.Models.Files;

namespace Plumbline.Models.Architectures;

/// <summary>Gemma 2: four norms a layer, soft-capped scores and logits, even layers slide.</summary>
internal static class Gemma2
{
    public static Architecture Architecture { get; } = new()
    {
        ModelType = "gemma2",
        ClassName = "Gemma2",
        Read = static keys => Config(keys, "gemma2", Gemma.Defaults(keys) with { KeyValueHeads = 4, MaxPositions = 8192 }, static _ => i => i % 2 == 0),
        Describe = Blocks,
    };

    /// <summary>What the second and the third generation share.</summary>
    public static ModelConfig Config(ConfigKeys keys, string type, Llama.Defaults defaults, Func<ConfigKeys, Func<int, bool>> rule)
    {
        ModelConfig config = Gemma.Config(keys, type, defaults);
        (int? window, IReadOnlyList<bool> layers) = Common.Sliding(keys, config.Layers, keys.SizeOr(4096, "sliding_window"), rule(keys));
        return config with
        {
            SlidingWindow = window,
            SlidingLayers = layers,
            AttentionScale = 1 / Math.Sqrt(keys.PositiveOr(256, "query_pre_attn_scalar")),
            AttentionSoftcap = keys.Positive("attn_logit_softcapping"),
            LogitSoftcap = keys.Positive("final_logit_softcapping"),
        };
    }

    /// <summary>Norms before and after attention and MLP.</summary>
    public static ModelDescription Blocks(ModelConfig config) => Llama.Blocks(config) with
    {
        AfterAttentionNorm = "model.layers.{0}.post_attention_layernorm",
        MlpNorm = "model.layers.{0}.pre_feedforward_layernorm",
        AfterMlpNorm = "model.layers.{0}.post_feedforward_layernorm",
    };
}
