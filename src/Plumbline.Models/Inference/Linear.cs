using Plumbline.Models.Architectures;
using Plumbline.Models.Files;
using Plumbline.Models.Kernels;

namespace Plumbline.Models.Inference;

/// <summary>
/// A linear layer, its outputs perhaps from several tensors (queries, keys and values; gate and up). Tensors of the
/// same type are one matrix. Weights stay in the file's type where the kernels read it and are f32 otherwise.
/// </summary>
internal sealed unsafe class Linear : IDisposable
{
    private readonly List<(PackedMatrix Matrix, int Column)> _matrices = [];
    private readonly NativeBuffer? _bias;

    private Linear(int outputs, NativeBuffer? bias) => (Outputs, _bias) = (outputs, bias);

    public int Outputs { get; }

    /// <summary>Biases of all outputs; null where there are none.</summary>
    public float* Bias => _bias is null ? null : _bias.Floats;

    /// <summary>The only matrix, for embeddings.</summary>
    public PackedMatrix Matrix => _matrices[0].Matrix;

    /// <summary>Bytes of memory held.</summary>
    public long Bytes => _matrices.Sum(m => m.Matrix.Bytes) + (_bias?.Length ?? 0);

    public static Linear Load(ITensorSource source, IReadOnlyList<LinearPart> parts, int layer, WorkerPool pool, HeldWeights weights = HeldWeights.AsFile)
    {
        int outputs = parts.Sum(part => part.Rows);
        NativeBuffer? bias = parts.Any(part => part.Bias) ? NativeBuffer.OfFloats(outputs) : null;
        Linear linear = new(outputs, bias);
        try
        {
            int column = 0;
            for (int first = 0; first < parts.Count;)
            {
                TensorType held = Held(Weight(parts[first]).Type, parts, weights);
                int end = first + 1;
                while (end < parts.Count && Held(Weight(parts[end]).Type, parts, weights) == held) end++;
                linear._matrices.Add((Pack(source, [.. Enumerable.Range(first, end - first).Select(i => parts[i])], layer, held, pool), column));
                for (; first < end; first++)
                {
                    if (parts[first].Bias) LoadBias(source, parts[first], layer, bias!.Floats + column);
                    column += parts[first].Rows;
                }
            }

            return linear;
        }
        catch
        {
            linear.Dispose();
            throw;
        }

        TensorInfo Weight(LinearPart part) => source.Tensors.TryGetValue(ModelDescription.At(part.Name, layer) + ".weight", out TensorInfo? info) ? info
            : throw new ModelFileException($"{source.Path}: there is no tensor {ModelDescription.At(part.Name, layer)}.weight.");
    }

    /// <summary>The type in which a tensor's weights are held.</summary>
    public static TensorType Held(TensorType type, IReadOnlyList<LinearPart> parts, HeldWeights weights)
    {
        TensorType held = !parts.Any(part => part.Transposed) && PackedMatrix.Holds(type) ? type : TensorType.F32;
        return held == TensorType.F32 && weights == HeldWeights.BF16 ? TensorType.BF16 : held;
    }

    /// <summary>The weights of one output in f32, as many as there are inputs.</summary>
    public void ReadRow(int output, float* values)
    {
        int i = _matrices.Count - 1;
        while (_matrices[i].Column > output) i--;
        _matrices[i].Matrix.ReadRow(output - _matrices[i].Column, values);
    }

    /// <summary>The forms in which rows are multiplied, if they are those of a step that decodes or others.</summary>
    public RowForms Forms(bool step)
    {
        RowForms forms = default;
        foreach ((PackedMatrix matrix, _) in _matrices) forms |= step && FixedPointProduct.Supports(matrix) ? RowForms.FixedPoint : RowForms.Floats;
        return forms;
    }

    /// <summary>c[row, outputs] = a · Wᵀ; the bias is added by whoever reads c next.</summary>
    /// <param name="pool">Threads to share the work.</param>
    /// <param name="a">Rows in the forms of this layer.</param>
    /// <param name="c">Results.</param>
    /// <param name="next">The layer that comes after this one.</param>
    public void Multiply(WorkerPool pool, RowBlocks a, float* c, Linear? next = null)
    {
        for (int i = 0; i < _matrices.Count; i++)
            MatrixProduct.Multiply(pool, a, _matrices[i].Matrix, c + _matrices[i].Column, Outputs, i + 1 < _matrices.Count ? _matrices[i + 1].Matrix : next?.Matrix);
    }

    public void Dispose()
    {
        foreach ((PackedMatrix matrix, _) in _matrices) matrix.Dispose();
        _bias?.Dispose();
    }

    private static PackedMatrix Pack(ITensorSource source, LinearPart[] parts, int layer, TensorType held, WorkerPool pool)
    {
        int rows = parts.Sum(part => part.Rows), columns = -1;
        // Which tensor and which of its rows each output is.
        List<(TensorInfo Tensor, LinearPart Part, int First)> tensors = [];
        int first = 0;
        foreach (LinearPart part in parts)
        {
            TensorInfo tensor = source.Tensors[ModelDescription.At(part.Name, layer) + ".weight"];
            if (tensor.Shape.Count != 2 || !tensor.Type.HoldsWeights()) throw new ModelFileException($"{source.Path}: tensor {tensor.Name} is no matrix of weights.");
            int width = checked((int)tensor.Shape[part.Transposed ? 0 : 1]);
            if (columns >= 0 && width != columns) throw new ModelFileException($"{source.Path}: tensor {tensor.Name} has {width} inputs; {columns} are expected.");
            columns = width;
            tensors.Add((tensor, part, first));
            first += part.Rows;
        }

        if (parts.Any(part => part.Transposed)) return PackTransposed(source, tensors, held, rows, columns, pool);
        TensorType type = held;
        return PackedMatrix.Pack(type, rows, columns, Row, pool);

        ReadOnlySpan<byte> Row(int row)
        {
            int i = tensors.Count - 1;
            while (tensors[i].First > row) i--;
            (TensorInfo tensor, LinearPart part, int start) = tensors[i];
            int own = part.Source is null ? row - start : part.Source(row - start);
            int bytes = checked((int)(tensor.Length / tensor.Shape[0]));
            ReadOnlySpan<byte> stored = source.Bytes(tensor.Name, (long)own * bytes, bytes);
            if (tensor.Type == type) return stored;
            float[] values = new float[columns];
            Dequantization.ToSingle(tensor.Type, stored, values);
            return Encoded(type, values);
        }
    }

    private static PackedMatrix PackTransposed(ITensorSource source, List<(TensorInfo Tensor, LinearPart Part, int First)> tensors, TensorType held, int rows, int columns, WorkerPool pool)
    {
        using NativeBuffer values = NativeBuffer.OfFloats((long)rows * columns);
        foreach ((TensorInfo tensor, LinearPart part, int first) in tensors)
        {
            float[] stored = new float[checked((int)tensor.Count)];
            source.Read(tensor.Name, stored);
            int width = checked((int)tensor.Shape[1]);
            for (int row = 0; row < part.Rows; row++)
            {
                int own = part.Source is null ? row : part.Source(row);
                for (int k = 0; k < columns; k++) values.Floats[((long)(first + row) * columns) + k] = stored[((long)k * width) + own];
            }
        }

        float* all = values.Floats;
        return PackedMatrix.Pack(held, rows, columns, row => Encoded(held, new ReadOnlySpan<float>(all + ((long)row * columns), columns)), pool);
    }

    private static ReadOnlySpan<byte> Encoded(TensorType type, ReadOnlySpan<float> values)
    {
        if (type == TensorType.F32) return System.Runtime.InteropServices.MemoryMarshal.AsBytes(values);
        byte[] bytes = new byte[PackedMatrix.RowBytes(type, values.Length)];
        TensorEncoding.FromSingle(type, values, bytes);
        return bytes;
    }

    private static void LoadBias(ITensorSource source, LinearPart part, int layer, float* target)
    {
        string name = ModelDescription.At(part.Name, layer) + ".bias";
        if (!source.Tensors.TryGetValue(name, out TensorInfo? tensor)) throw new ModelFileException($"{source.Path}: there is no tensor {name}.");
        float[] values = new float[checked((int)tensor.Count)];
        source.Read(name, values);
        for (int row = 0; row < part.Rows; row++) target[row] = values[part.Source is null ? row : part.Source(row)];
    }
}
