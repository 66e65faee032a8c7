using Plumbline.Models.Files;

namespace Plumbline.Models.Architectures;

/// <summary>Mistral: Llama with a sliding window in every layer.</summary>
internal static class Mistral
{
    public static Architecture Architecture { get; } = new()
    {
        ModelType = "mistral",
        ClassName = "Mistral",
        Read = static keys =>
        {
            ModelConfig config = Llama.Config(keys, "mistral", new() { KeyValueHeads = 8, MaxPositions = 131072 });
            (int? window, IReadOnlyList<bool> layers) = Common.Sliding(keys, config.Layers, keys.Has("sliding_window") ? keys.Size("sliding_window") : null, _ => true);
            return config with { SlidingWindow = window, SlidingLayers = layers };
        },
        Describe = Llama.Blocks,
    };
}
