using Plumbline.Models.Files;

namespace Plumbline.Models.Architectures;

/// <summary>Gemma 3, text: Gemma 2 with norms over each head of q and k, a RoPE base of their own for sliding layers, each sixth layer full.</summary>
internal static class Gemma3
{
    public static Architecture Architecture { get; } = new()
    {
        ModelType = "gemma3_text",
        ClassName = "Gemma3",
        Read = static keys => Gemma2.Config(keys, "gemma3_text", Gemma.Defaults(keys) with { KeyValueHeads = 4, MaxPositions = 131072, Theta = 1_000_000, LocalTheta = true }, Rule) with
        {
            QueryKeyNorm = QueryKeyNorm.PerHead,
        },
        Describe = Gemma2.Blocks,
    };

    private static Func<int, bool> Rule(ConfigKeys keys)
    {
        int pattern = keys.SizeOr(6, "sliding_window_pattern", "_sliding_window_pattern");
        return i => (i + 1) % pattern != 0;
    }
}
