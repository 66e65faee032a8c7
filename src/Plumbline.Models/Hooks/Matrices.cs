namespace Plumbline.Models.Hooks;

/// <summary>Small dense matrices in f64.</summary>
internal static class Matrices
{
    public static double[,] Of(HookTensor value, int? head = null)
    {
        int rows = value.Shape[^2], columns = value.Shape[^1];
        ReadOnlySpan<float> values = head is int h ? value.Row(h) : value.Values;
        double[,] matrix = new double[rows, columns];
        for (int i = 0; i < rows; i++)
        {
            for (int j = 0; j < columns; j++) matrix[i, j] = values[(i * columns) + j];
        }

        return matrix;
    }

    public static double[,] Product(double[,] a, double[,] b)
    {
        int n = a.GetLength(0), inner = a.GetLength(1), m = b.GetLength(1);
        double[,] c = new double[n, m];
        for (int i = 0; i < n; i++)
        {
            for (int k = 0; k < inner; k++)
            {
                double x = a[i, k];
                for (int j = 0; j < m; j++) c[i, j] += x * b[k, j];
            }
        }

        return c;
    }

    public static double[,] Transposed(double[,] a)
    {
        double[,] t = new double[a.GetLength(1), a.GetLength(0)];
        for (int i = 0; i < t.GetLength(0); i++)
        {
            for (int j = 0; j < t.GetLength(1); j++) t[i, j] = a[j, i];
        }

        return t;
    }

    public static double Norm(double[,] a)
    {
        double sum = 0;
        foreach (double x in a) sum += x * x;
        return Math.Sqrt(sum);
    }
}
