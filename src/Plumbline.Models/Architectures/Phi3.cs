using Plumbline.Models.Files;

namespace Plumbline.Models.Architectures;

/// <summary>Phi-3: Llama with q, k, v in one matrix and gate and up in another.</summary>
internal static class Phi3
{
    public static Architecture Architecture { get; } = new()
    {
        ModelType = "phi3",
        ClassName = "Phi3",
        Read = static keys =>
        {
            ModelConfig config = Llama.Config(keys, "phi3", new() { MaxPositions = 4096, Epsilon = 1e-5 });
            (int? window, IReadOnlyList<bool> layers) = Common.Sliding(keys, config.Layers, keys.Has("sliding_window") ? keys.Size("sliding_window") : null, _ => true);
            return config with { SlidingWindow = window, SlidingLayers = layers };
        },
        Describe = static c => Llama.Blocks(c) with
        {
            QueryKeyValue = [new("model.layers.{0}.self_attn.qkv_proj", (c.Heads + (2 * c.KeyValueHeads)) * c.HeadDimension, "(num_attention_heads + 2 num_key_value_heads) x head_dim")],
            Up = [new("model.layers.{0}.mlp.gate_up_proj", 2 * c.IntermediateSize, "2 intermediate_size")],
        },
    };
}
