using Plumbline.Models.Files;

namespace Plumbline.Phantoms.Wired;

/// <summary>A matrix of doubles while weights are laid out; rounded to f32 at the end, so that the order of additions cannot show.</summary>
internal sealed class Matrix(int rows, int columns)
{
    private readonly double[] _values = new double[rows * columns];

    public double this[int row, int column]
    {
        get => _values[(row * columns) + column];
        set => _values[(row * columns) + column] = value;
    }

    public IReadOnlyList<long> Shape => [rows, columns];

    public float[] Rounded() => Array.ConvertAll(_values, v => (float)v);
}

/// <summary>Matrices into tensors.</summary>
internal static class MatrixTensors
{
    public static void Add(this TensorSet tensors, string name, Matrix matrix) => tensors.Add(name, matrix.Shape, matrix.Rounded());
}
