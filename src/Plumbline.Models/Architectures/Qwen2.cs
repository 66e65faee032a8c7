using Plumbline.Models.Files;

namespace Plumbline.Models.Architectures;

/// <summary>Qwen2: Llama with biases on q, k and v; the sliding window counts only where it is switched on.</summary>
internal static class Qwen2
{
    public static Architecture Architecture { get; } = new()
    {
        ModelType = "qwen2",
        ClassName = "Qwen2",
        Read = static keys => WithWindow(keys, Llama.Config(keys, "qwen2", new() { MaxPositions = 32768 })) with { QueryKeyValueBias = true },
        Describe = Llama.Blocks,
    };

    /// <summary>Layers from max_window_layers on slide.</summary>
    public static ModelConfig WithWindow(ConfigKeys keys, ModelConfig config)
    {
        int? given = keys.Has("sliding_window") ? keys.Size("sliding_window") : null;
        if (!keys.Flag("use_sliding_window", false)) return config;
        int from = keys.Id("max_window_layers") ?? 0;
        (int? window, IReadOnlyList<bool> layers) = Common.Sliding(keys, config.Layers, given, i => i >= from);
        return config with { SlidingWindow = window, SlidingLayers = layers };
    }
}
