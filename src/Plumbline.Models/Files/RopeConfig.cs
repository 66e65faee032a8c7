using System.Text.Json;

namespace Plumbline.Models.Files;

/// <summary>Reads the three layouts in which config.json describes RoPE: rope_scaling with "type", with "rope_type", and rope_parameters.</summary>
internal static class RopeConfig
{
    /// <param name="keys">config.json.</param>
    /// <param name="rotary">Dimensions that rotate.</param>
    /// <param name="max">max_position_embeddings.</param>
    /// <param name="theta">The base where none is given.</param>
    /// <param name="local">Whether sliding layers have a base of their own (Gemma 3).</param>
    public static (double Theta, double? Local, RopeScaling? Scaling) Read(ConfigKeys keys, int rotary, int max, double theta, bool local)
    {
        theta = keys.PositiveOr(theta, "rope_theta");
        double? localTheta = local ? keys.PositiveOr(10000, "rope_local_base_freq") : null;
        if (keys.First("rope_parameters", "rope_scaling") is not string key) return (theta, localTheta, null);
        JsonElement json = keys.Element(key)!.Value;
        if (json.ValueKind != JsonValueKind.Object) throw keys.Fault(key, $"is {JsonFile.Kind(json)}; it must be an object with rope_type");

        // Gemma 3 as transformers 5 writes it: one object for each type of layer.
        if (json.TryGetProperty("full_attention", out JsonElement full) && full.ValueKind == JsonValueKind.Object)
        {
            if (json.TryGetProperty("sliding_attention", out JsonElement sliding) && sliding.ValueKind == JsonValueKind.Object)
                localTheta = keys.Inside($"{key}.sliding_attention", sliding).Positive("rope_theta") ?? localTheta;
            json = full;
        }

        ConfigKeys rope = keys.Inside(key, json);
        return (rope.PositiveOr(theta, "rope_theta"), localTheta, Scaling(keys, rope, rotary, max));
    }

    private static RopeScaling? Scaling(ConfigKeys keys, ConfigKeys rope, int rotary, int max)
    {
        string type = rope.Text(rope.First("rope_type", "type") ?? "rope_type") ?? "default";
        int Original() => rope.SizeOr(keys.SizeOr(max, "original_max_position_embeddings"), "original_max_position_embeddings");
        switch (type)
        {
            case "default":
                return null;
            case "linear":
                return new RopeScaling { Kind = RopeScalingKind.Linear, Factor = rope.NeededPositive("factor") };
            case "dynamic":
                return new RopeScaling { Kind = RopeScalingKind.Dynamic, Factor = rope.NeededPositive("factor"), OriginalMaxPositions = max };
            case "llama3":
                RopeScaling llama3 = new()
                {
                    Kind = RopeScalingKind.Llama3,
                    Factor = rope.NeededPositive("factor"),
                    LowFrequencyFactor = rope.NeededPositive("low_freq_factor"),
                    HighFrequencyFactor = rope.NeededPositive("high_freq_factor"),
                    OriginalMaxPositions = rope.Size("original_max_position_embeddings"),
                };
                return llama3.HighFrequencyFactor > llama3.LowFrequencyFactor ? llama3
                    : throw rope.Fault("high_freq_factor", $"{llama3.HighFrequencyFactor} must be above low_freq_factor {llama3.LowFrequencyFactor}");
            case "yarn":
                return new RopeScaling
                {
                    Kind = RopeScalingKind.Yarn,
                    Factor = rope.NeededPositive("factor"),
                    OriginalMaxPositions = Original(),
                    AttentionFactor = rope.Positive("attention_factor"),
                    BetaFast = rope.PositiveOr(32, "beta_fast"),
                    BetaSlow = rope.PositiveOr(1, "beta_slow"),
                    Truncate = rope.Flag("truncate", true),
                    MScale = rope.Number("mscale"),
                    MScaleAllDimensions = rope.Number("mscale_all_dim"),
                };
            case "longrope" or "su":
                int original = Original();
                return new RopeScaling
                {
                    Kind = RopeScalingKind.LongRope,
                    Factor = rope.Positive("factor") ?? (double)max / original,
                    OriginalMaxPositions = original,
                    AttentionFactor = rope.Positive("attention_factor"),
                    ShortFactors = rope.Positives("short_factor", rotary / 2),
                    LongFactors = rope.Positives("long_factor", rotary / 2),
                };
            default:
                throw rope.Fault("rope_type", $"is {TensorLookup.Quote(type)}; known are default, linear, dynamic, yarn, longrope and llama3");
        }
    }
}
