using Plumbline.Models.Files;

namespace Plumbline.Models.Architectures;

/// <summary>Qwen3: Llama with RMS norms over each head of q and k before the rotation.</summary>
internal static class Qwen3
{
    public static Architecture Architecture { get; } = new()
    {
        ModelType = "qwen3",
        ClassName = "Qwen3",
        Read = static keys =>
        {
            bool bias = keys.Flag("attention_bias", false);
            return Qwen2.WithWindow(keys, Llama.Config(keys, "qwen3", new() { HeadDimension = 128, MaxPositions = 32768 })) with
            {
                QueryKeyValueBias = bias,
                AttentionOutputBias = bias,
                QueryKeyNorm = QueryKeyNorm.PerHead,
            };
        },
        Describe = Llama.Blocks,
    };
}
