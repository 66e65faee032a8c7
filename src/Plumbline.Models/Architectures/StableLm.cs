using Plumbline.Models.Files;

namespace Plumbline.Models.Architectures;

/// <summary>StableLM: Llama with layer norms and a partial rotation; its parallel form has one norm a layer.</summary>
internal static class StableLm
{
    public static Architecture Architecture { get; } = new()
    {
        ModelType = "stablelm",
        ClassName = "StableLm",
        Read = static keys =>
        {
            Common.Refuse(keys, "qk_layernorm", expected: false, "this variant of StableLM is not supported");
            Llama.Defaults defaults = new() { PartialRotary = 0.25, MaxPositions = 4096, Epsilon = 1e-5, EpsilonKeys = ["layer_norm_eps", "rms_norm_eps"], Norm = NormKind.LayerNorm };
            return Llama.Config(keys, "stablelm", defaults) with { QueryKeyValueBias = keys.Flag("use_qkv_bias", false), ParallelResidual = keys.Flag("use_parallel_residual", false) };
        },
        Describe = Llama.Blocks,
    };
}
