using Plumbline.Models.Files;

namespace Plumbline.Models.Hooks;

/// <summary>A norm's weights; the weight counts from 0 whatever the file's does.</summary>
internal sealed class HookedNorm
{
    private HookedNorm(float[] weight, float[]? bias, double epsilon, bool centred) => (Weight, Bias, Epsilon, Centred) = (weight, bias, epsilon, centred);

    public float[] Weight { get; }

    public float[]? Bias { get; }

    public double Epsilon { get; }

    /// <summary>Whether the mean is taken away (layer norm).</summary>
    public bool Centred { get; }

    public static HookedNorm Load(ITensorSource source, string name, NormKind kind, double epsilon)
    {
        float[] weight = Floats(source, name + ".weight");
        if (kind == NormKind.RmsPlusOne)
        {
            for (int i = 0; i < weight.Length; i++) weight[i] += 1;
        }

        return new HookedNorm(weight, kind == NormKind.LayerNorm ? Floats(source, name + ".bias") : null, epsilon, kind == NormKind.LayerNorm);
    }

    public static float[] Floats(ITensorSource source, string name)
    {
        if (!source.Tensors.TryGetValue(name, out TensorInfo? info)) throw new ModelFileException($"{source.Path}: there is no tensor {name}.");
        float[] values = new float[checked((int)info.Count)];
        source.Read(name, values);
        return values;
    }
}
