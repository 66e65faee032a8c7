namespace Plumbline.Statistics;

/// <summary>Small dense linear systems.</summary>
internal static class LinearSystem
{
    /// <summary>The inverse of a square matrix by elimination with partial pivoting; null where it is singular to working precision.</summary>
    public static double[,]? Invert(double[,] matrix)
    {
        int n = matrix.GetLength(0);
        double[,] a = (double[,])matrix.Clone(), inverse = new double[n, n];
        double scale = 0;
        foreach (double v in a) scale = Math.Max(scale, Math.Abs(v));
        for (int i = 0; i < n; i++) inverse[i, i] = 1;
        for (int column = 0; column < n; column++)
        {
            int pivot = column;
            for (int i = column + 1; i < n; i++)
            {
                if (Math.Abs(a[i, column]) > Math.Abs(a[pivot, column])) pivot = i;
            }

            double head = a[pivot, column];
            if (!(Math.Abs(head) > scale * 1e-14)) return null;
            for (int j = 0; j < n; j++)
            {
                (a[pivot, j], a[column, j]) = (a[column, j], a[pivot, j]);
                (inverse[pivot, j], inverse[column, j]) = (inverse[column, j], inverse[pivot, j]);
            }

            for (int j = 0; j < n; j++)
            {
                a[column, j] /= head;
                inverse[column, j] /= head;
            }

            for (int i = 0; i < n; i++)
            {
                double factor = a[i, column];
                if (i == column || factor == 0) continue;
                for (int j = 0; j < n; j++)
                {
                    a[i, j] -= factor * a[column, j];
                    inverse[i, j] -= factor * inverse[column, j];
                }
            }
        }

        return inverse;
    }
}
