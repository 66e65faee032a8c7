using Plumbline.Models.Files;
using Plumbline.Models.Kernels;

namespace Plumbline.Models.Inference;

/// <summary>A norm with its weights.</summary>
internal sealed unsafe class Norm : IDisposable
{
    private readonly NativeBuffer _weight;
    private readonly NativeBuffer? _bias;
    private readonly double _epsilon;

    private Norm(NativeBuffer weight, NativeBuffer? bias, int length, double epsilon) => (_weight, _bias, Length, _epsilon) = (weight, bias, length, epsilon);

    public int Length { get; }

    /// <param name="source">The model's tensors.</param>
    /// <param name="name">The tensor without ".weight".</param>
    /// <param name="kind">Which norm.</param>
    /// <param name="epsilon">Added to the variance.</param>
    public static Norm Load(ITensorSource source, string name, NormKind kind, double epsilon)
    {
        NativeBuffer weight = Read(name + ".weight");
        if (kind == NormKind.RmsPlusOne)
        {
            for (int i = 0; i < weight.Length / sizeof(float); i++) weight.Floats[i] += 1;
        }

        NativeBuffer? bias = kind == NormKind.LayerNorm ? Read(name + ".bias") : null;
        return new Norm(weight, bias, (int)(weight.Length / sizeof(float)), epsilon);

        NativeBuffer Read(string tensor)
        {
            if (!source.Tensors.TryGetValue(tensor, out TensorInfo? info)) throw new ModelFileException($"{source.Path}: there is no tensor {tensor}.");
            NativeBuffer values = NativeBuffer.OfFloats(info.Count);
            source.Read(tensor, new Span<float>(values.Floats, checked((int)info.Count)));
            return values;
        }
    }

    /// <summary>y = norm(x); y may be x.</summary>
    public void Apply(float* x, float* y)
    {
        if (_bias is null) RowMath.RmsNorm(x, _weight.Floats, y, Length, _epsilon);
        else RowMath.LayerNorm(x, _weight.Floats, _bias.Floats, y, Length, _epsilon);
    }

    public void Dispose()
    {
        _weight.Dispose();
        _bias?.Dispose();
    }
}
