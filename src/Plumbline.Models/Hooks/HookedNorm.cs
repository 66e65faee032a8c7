using System.Runtime.Intrinsics;
using Plumbline.Models.Files;

namespace Plumbline.Models.Hooks;

/// <summary>A norm's weights; the weight counts from 0 whatever the file's does.</summary>
internal sealed unsafe class HookedNorm
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

    /// <summary>Mean (0 where none is taken away) and scale, sqrt(variance + epsilon), of a row; summed in f64.</summary>
    public (float Mean, float Scale) Statistics(float* row, int length)
    {
        double mean = 0, squares = 0;
        Vector256<double> low = Vector256<double>.Zero, high = Vector256<double>.Zero;
        int i = 0;
        if (Centred)
        {
            for (; i + 8 <= length; i += 8)
            {
                (Vector256<double> l, Vector256<double> h) = Vector256.Widen(Vector256.Load(row + i));
                low += l;
                high += h;
            }

            mean = Vector256.Sum(low + high);
            for (; i < length; i++) mean += row[i];
            mean /= length;
            (low, high) = (Vector256<double>.Zero, Vector256<double>.Zero);
        }

        Vector256<double> away = Vector256.Create(mean);
        for (i = 0; i + 8 <= length; i += 8)
        {
            (Vector256<double> l, Vector256<double> h) = Vector256.Widen(Vector256.Load(row + i));
            (l, h) = (l - away, h - away);
            low = Vector256.FusedMultiplyAdd(l, l, low);
            high = Vector256.FusedMultiplyAdd(h, h, high);
        }

        squares = Vector256.Sum(low + high);
        for (; i < length; i++) squares += (row[i] - mean) * (row[i] - mean);
        return ((float)mean, (float)Math.Sqrt((squares / length) + Epsilon));
    }

    /// <summary>(x − mean) / scale.</summary>
    public void Normalise(float* row, float mean, float scale, float* to, int length)
    {
        int i = 0;
        for (; i + 8 <= length; i += 8) ((Centred ? Vector256.Load(row + i) - Vector256.Create(mean) : Vector256.Load(row + i)) / scale).Store(to + i);
        for (; i < length; i++) to[i] = (Centred ? row[i] - mean : row[i]) / scale;
    }

    /// <summary>Times the weight, plus the bias; the target may be the row.</summary>
    public void Weigh(float* row, float* to, int length)
    {
        fixed (float* weight = Weight, bias = Bias)
        {
            int i = 0;
            for (; i + 8 <= length; i += 8)
            {
                Vector256<float> x = Vector256.Load(row + i) * Vector256.Load(weight + i);
                (bias is null ? x : x + Vector256.Load(bias + i)).Store(to + i);
            }

            for (; i < length; i++)
            {
                float x = row[i] * weight[i];
                to[i] = bias is null ? x : x + bias[i];
            }
        }
    }

    public static float[] Floats(ITensorSource source, string name)
    {
        if (!source.Tensors.TryGetValue(name, out TensorInfo? info)) throw new ModelFileException($"{source.Path}: there is no tensor {name}.");
        float[] values = new float[checked((int)info.Count)];
        source.Read(name, values);
        return values;
    }
}
