using System.Numerics;
using System.Runtime.Intrinsics;
using Plumbline.Models.Files;

namespace Plumbline.Models.Kernels;

/// <summary>What is done to one row of activations between two products. A row's result depends on that row alone.</summary>
internal static unsafe class RowMath
{
    private const int Lanes = 16;

    /// <summary>y = x / sqrt(mean(x²) + epsilon) · weight; y may be x.</summary>
    public static void RmsNorm(float* x, float* weight, float* y, int length, double epsilon)
    {
        float scale = (float)(1 / Math.Sqrt((SumOfSquares(x, length) / length) + epsilon));
        int i = 0;
        for (; i + Lanes <= length; i += Lanes) (Vector512.Load(x + i) * scale * Vector512.Load(weight + i)).Store(y + i);
        for (; i < length; i++) y[i] = x[i] * scale * weight[i];
    }

    /// <summary>y = (x - mean) / sqrt(variance + epsilon) · weight + bias; y may be x.</summary>
    public static void LayerNorm(float* x, float* weight, float* bias, float* y, int length, double epsilon)
    {
        double sum = 0, squares = 0;
        for (int i = 0; i < length; i++) sum += x[i];
        double mean = sum / length;
        for (int i = 0; i < length; i++) squares += (x[i] - mean) * (x[i] - mean);
        double scale = 1 / Math.Sqrt((squares / length) + epsilon);
        for (int i = 0; i < length; i++) y[i] = (float)((x[i] - mean) * scale * weight[i]) + (bias is null ? 0 : bias[i]);
    }

    /// <summary>x += y.</summary>
    public static void Add(float* x, float* y, int length)
    {
        int i = 0;
        for (; i + Lanes <= length; i += Lanes) (Vector512.Load(x + i) + Vector512.Load(y + i)).Store(x + i);
        for (; i < length; i++) x[i] += y[i];
    }

    /// <summary>x *= factor.</summary>
    public static void Scale(float* x, float factor, int length)
    {
        int i = 0;
        for (; i + Lanes <= length; i += Lanes) (Vector512.Load(x + i) * factor).Store(x + i);
        for (; i < length; i++) x[i] *= factor;
    }

    /// <summary>y = x · factor.</summary>
    public static void Scaled(float* x, float factor, float* y, int length)
    {
        int i = 0;
        for (; i + Lanes <= length; i += Lanes) (Vector512.Load(x + i) * factor).Store(y + i);
        for (; i < length; i++) y[i] = x[i] * factor;
    }

    /// <summary>Turns pairs (a[j], b[j]) by angles whose cosines and sines are given.</summary>
    public static void Rotate(float* a, float* b, float* cosines, float* sines, int pairs)
    {
        int j = 0;
        for (; j + Lanes <= pairs; j += Lanes)
        {
            Vector512<float> cos = Vector512.Load(cosines + j), sin = Vector512.Load(sines + j), left = Vector512.Load(a + j), right = Vector512.Load(b + j);
            ((left * cos) - (right * sin)).Store(a + j);
            ((right * cos) + (left * sin)).Store(b + j);
        }

        for (; j < pairs; j++) (a[j], b[j]) = ((a[j] * cosines[j]) - (b[j] * sines[j]), (b[j] * cosines[j]) + (a[j] * sines[j]));
    }

    /// <summary>x = cap · tanh(x / cap).</summary>
    public static void SoftCap(float* x, float cap, int length)
    {
        for (int i = 0; i < length; i++) x[i] = cap * MathF.Tanh(x[i] / cap);
    }

    /// <summary>y = activation(x), or activation(x) · gated where a second factor is given; y may be x.</summary>
    public static void Activate(Activation activation, float* x, float* gated, float* y, int length)
    {
        int i = 0;
        float* tail = stackalloc float[Lanes];
        for (; i + Lanes <= length; i += Lanes) One(activation, x + i, gated is null ? null : gated + i, y + i);
        if (i == length) return;

        // The rest in a padded vector, so that every value is computed alike.
        float* tailGate = stackalloc float[Lanes];
        for (int j = 0; j < Lanes; j++) (tail[j], tailGate[j]) = i + j < length ? (x[i + j], gated is null ? 1 : gated[i + j]) : (0, 0);
        One(activation, tail, tailGate, tail);
        for (int j = 0; i + j < length; j++) y[i + j] = tail[j];
    }

    /// <summary>Replaces scores by exp(scale · score - maximum) within [from, to), by 0 elsewhere, and gives their sum.</summary>
    /// <param name="scores">A row whose length is a multiple of 16.</param>
    /// <param name="from">First valid score.</param>
    /// <param name="to">End of the valid scores.</param>
    /// <param name="length">All scores.</param>
    /// <param name="scale">Factor of the scores, applied here.</param>
    public static float Softmax(float* scores, int from, int to, int length, float scale)
    {
        for (int i = 0; i < from; i++) scores[i] = float.NegativeInfinity;
        for (int i = to; i < length; i++) scores[i] = float.NegativeInfinity;
        Vector512<float> largest = Vector512.Create(float.NegativeInfinity);
        for (int i = 0; i < length; i += Lanes)
        {
            Vector512<float> x = Vector512.Load(scores + i) * scale;
            x.Store(scores + i);
            largest = Vector512.Max(largest, x);
        }

        float max = float.NegativeInfinity;
        for (int lane = 0; lane < Lanes; lane++) max = MathF.Max(max, largest[lane]);
        Vector512<float> sum = Vector512<float>.Zero;
        for (int i = 0; i < length; i += Lanes)
        {
            Vector512<float> e = Vector512.Exp(Vector512.Load(scores + i) - Vector512.Create(max));
            e.Store(scores + i);
            sum += e;
        }

        double total = 0;
        for (int lane = 0; lane < Lanes; lane++) total += sum[lane];
        return (float)total;
    }

    /// <summary>ln Σ exp(x), summed in f64; -∞ where every x is.</summary>
    public static double LogSumExp(float* x, int length)
    {
        float max = float.NegativeInfinity;
        int i = 0;
        Vector512<float> largest = Vector512.Create(max);
        for (; i + Lanes <= length; i += Lanes) largest = Vector512.Max(largest, Vector512.Load(x + i));
        for (int lane = 0; lane < Lanes; lane++) max = MathF.Max(max, largest[lane]);
        for (; i < length; i++) max = MathF.Max(max, x[i]);
        if (float.IsInfinity(max) || float.IsNaN(max)) return max;

        Vector512<double> low = Vector512<double>.Zero, high = Vector512<double>.Zero;
        for (i = 0; i + Lanes <= length; i += Lanes)
        {
            (Vector512<double> l, Vector512<double> h) = Vector512.Widen(Vector512.Exp(Vector512.Load(x + i) - Vector512.Create(max)));
            low += l;
            high += h;
        }

        double sum = Vector512.Sum(low + high);
        for (; i < length; i++) sum += Math.Exp(x[i] - max);
        return max + Math.Log(sum);
    }

    /// <summary>The first position of the largest value; values that are NaN are passed over.</summary>
    public static int ArgMax(float* x, int length)
    {
        int best = 0;
        float largest = float.NegativeInfinity;
        int i = 0;
        for (; i + Lanes <= length; i += Lanes)
        {
            if (!Vector512.GreaterThanAny(Vector512.Load(x + i), Vector512.Create(largest))) continue;
            for (int j = i; j < i + Lanes; j++)
            {
                if (x[j] > largest) (largest, best) = (x[j], j);
            }
        }

        for (; i < length; i++)
        {
            if (x[i] > largest) (largest, best) = (x[i], i);
        }

        return best;
    }

    /// <summary>How many values are above a bound.</summary>
    public static int CountAbove(float* x, int length, float bound)
    {
        int count = 0, i = 0;
        for (; i + Lanes <= length; i += Lanes) count += BitOperations.PopCount(Vector512.GreaterThan(Vector512.Load(x + i), Vector512.Create(bound)).ExtractMostSignificantBits());
        for (; i < length; i++) count += x[i] > bound ? 1 : 0;
        return count;
    }

    private static double SumOfSquares(float* x, int length)
    {
        Vector512<float> sums = Vector512<float>.Zero;
        int i = 0;
        for (; i + Lanes <= length; i += Lanes)
        {
            Vector512<float> v = Vector512.Load(x + i);
            sums = Vector512.FusedMultiplyAdd(v, v, sums);
        }

        double total = 0;
        for (int lane = 0; lane < Lanes; lane++) total += sums[lane];
        for (; i < length; i++) total += (double)x[i] * x[i];
        return total;
    }

    private static void One(Activation activation, float* x, float* gated, float* y)
    {
        Vector512<float> v = Vector512.Load(x);
        Vector512<float> a;
        switch (activation)
        {
            case Activation.Silu:
                a = v / (Vector512<float>.One + Vector512.Exp(-v));
                break;
            case Activation.GeluTanh:
                // 0.5 x (1 + tanh u) = x / (1 + exp(-2u)), u = sqrt(2/pi) (x + 0.044715 x³).
                Vector512<float> u = v * (Vector512.Create(1.5957691216057308f) + (v * v * Vector512.Create(0.07135481627f)));
                a = v / (Vector512<float>.One + Vector512.Exp(-u));
                break;
            case Activation.Relu:
                a = Vector512.Max(v, Vector512<float>.Zero);
                break;
            default:
                float* each = stackalloc float[Lanes];
                for (int i = 0; i < Lanes; i++) each[i] = (float)(0.5 * x[i] * (1 + ErrorFunction(x[i] * 0.7071067811865476)));
                a = Vector512.Load(each);
                break;
        }

        (gated is null ? a : a * Vector512.Load(gated)).Store(y);
    }

    // Series near 0, Lentz's continued fraction of erfc beyond (Abramowitz and Stegun 7.1.6 and 7.1.14).
    private static double ErrorFunction(double x)
    {
        double z = Math.Abs(x), square = z * z;
        if (z > 6 || double.IsNaN(x)) return double.IsNaN(x) ? x : Math.Sign(x);
        if (z < 2.5)
        {
            double term = z, sum = z;
            for (int n = 1; term > sum * 1e-17; n++)
            {
                term *= 2 * square / ((2 * n) + 1);
                sum += term;
            }

            return Math.Sign(x) * 2 / Math.Sqrt(Math.PI) * Math.Exp(-square) * sum;
        }

        double fraction = 0;
        for (int n = 60; n > 0; n--) fraction = n / 2.0 / (z + fraction);
        return Math.Sign(x) * (1 - (Math.Exp(-square) / Math.Sqrt(Math.PI) / (z + fraction)));
    }
}
