using System.Text.Json;
using Plumbline.Models.Files;

namespace Plumbline.Models.Architectures;

/// <summary>What several families read from config.json alike.</summary>
internal static class Common
{
    /// <summary>A model with layer norms, biases aside; each family overrides what it has otherwise.</summary>
    public static ModelConfig Plain(ConfigKeys keys, string type, int hidden, int layers, int heads, int head) => new()
    {
        Architecture = type,
        HiddenSize = hidden,
        Layers = layers,
        Heads = heads,
        KeyValueHeads = heads,
        HeadDimension = head,
        IntermediateSize = 0,
        VocabularySize = keys.Size("vocab_size"),
        MaxPositions = 0,
        NormEpsilon = 0,
        Norm = NormKind.LayerNorm,
        Activation = Activation.Gelu,
        Positions = PositionKind.Learned,
        AttentionScale = 1 / Math.Sqrt(head),
    };

    /// <summary>The width of a head, given or width / heads; checks that all fits.</summary>
    public static int HeadSize(ConfigKeys keys, int hidden, int heads, int keyValueHeads, string hiddenKey, string headsKey, string keyValueKey, int given = 0)
    {
        int head = given;
        if (head == 0)
        {
            if (hidden % heads != 0) throw keys.Fault(hiddenKey, $"{hidden} is no multiple of {headsKey} {heads}, and head_dim is not given");
            head = hidden / heads;
        }

        if (heads % keyValueHeads != 0) throw keys.Fault(keyValueKey, $"{keyValueHeads} does not divide {headsKey} {heads}");
        if ((long)heads * head > 1 << 26) throw keys.Fault("head_dim", $"{head} times {headsKey} {heads} is too large");
        return head;
    }

    /// <summary>The dimensions of a head that rotate; checked.</summary>
    public static int Rotary(ConfigKeys keys, int rotary, int head)
    {
        if (rotary < 2 || rotary % 2 != 0 || rotary > head) throw keys.Fault("head_dim", $"is {head} and its rotary part {rotary}; RoPE turns pairs, so the part must be even and at least 2");
        return rotary;
    }

    /// <summary>A share above 0 and at most 1.</summary>
    public static double Fraction(ConfigKeys keys, string key, double otherwise)
    {
        double fraction = keys.PositiveOr(otherwise, key);
        return fraction <= 1 ? fraction : throw keys.Fault(key, $"is {fraction}; it must be at most 1");
    }

    /// <summary>The share of a head that rotates.</summary>
    public static double PartialRotary(ConfigKeys keys, double otherwise) =>
        keys.Element("rope_parameters") is { ValueKind: JsonValueKind.Object } rope && rope.TryGetProperty("partial_rotary_factor", out JsonElement inside) && inside.ValueKind == JsonValueKind.Number
            ? inside.TryGetDouble(out double part) && part is > 0 and <= 1 ? part : throw keys.Fault("partial_rotary_factor", $"is {inside.GetRawText()}; it must be above 0 and at most 1")
            : Fraction(keys, "partial_rotary_factor", otherwise);

    /// <summary>An activation by transformers' name.</summary>
    public static Activation ReadActivation(ConfigKeys keys, string otherwise, string key) => (keys.Text(key) ?? otherwise) switch
    {
        "silu" or "swish" => Activation.Silu,
        "gelu" or "gelu_python" => Activation.Gelu,
        "gelu_new" or "gelu_pytorch_tanh" or "gelu_fast" or "gelu_accurate" or "gelu_python_tanh" => Activation.GeluTanh,
        "relu" => Activation.Relu,
        string unknown => throw keys.Fault(key, $"is {TensorLookup.Quote(unknown)}; known are silu, gelu, gelu_new, gelu_pytorch_tanh and relu"),
    };

    /// <summary>Refuses a variant whose flag has another value than the one that is computed here.</summary>
    public static void Refuse(ConfigKeys keys, string key, bool expected, string why)
    {
        if (keys.Flag(key, expected) != expected) throw keys.Fault(key, $"is {(expected ? "false" : "true")}; {why}");
    }

    /// <summary>Which layers slide: as layer_types lists them, else by the family's rule.</summary>
    /// <returns>No window where no layer slides.</returns>
    public static (int? Window, IReadOnlyList<bool> Layers) Sliding(ConfigKeys keys, int layers, int? window, Func<int, bool> rule)
    {
        if (window is null) return (null, []);
        List<bool> sliding = [];
        if (keys.Element("layer_types") is { } types)
        {
            if (types.ValueKind != JsonValueKind.Array || types.GetArrayLength() != layers) throw keys.Fault("layer_types", $"must be a list of {layers} names, one for each layer");
            foreach (JsonElement e in types.EnumerateArray())
            {
                sliding.Add((e.ValueKind == JsonValueKind.String ? e.GetString() : null) switch
                {
                    "sliding_attention" => true,
                    "full_attention" => false,
                    _ => throw keys.Fault("layer_types", $"holds {TensorLookup.Quote(e.GetRawText())}; known are sliding_attention and full_attention"),
                });
            }
        }
        else if (layers <= 100_000)
        {
            for (int i = 0; i < layers; i++) sliding.Add(rule(i));
        }
        else
        {
            throw keys.Fault("num_hidden_layers", $"is {layers}; no model has so many layers");
        }

        return sliding.Contains(true) ? (window, sliding) : (null, []);
    }
}
