namespace Plumbline.Models.Hooks;

/// <summary>
/// The singular value decomposition of A·Bᵀ for tall thin A and B, through their thin factors: A = Q_A R_A, B = Q_B R_B, and the
/// small R_A R_Bᵀ by one-sided Jacobi rotations (Hestenes 1958). Singular values fall; signs of vectors are free.
/// </summary>
/// <param name="U">[rows of A, rank].</param>
/// <param name="S">The singular values, falling.</param>
/// <param name="V">[rows of B, rank].</param>
internal sealed record FactoredSvd(double[,] U, double[] S, double[,] V)
{
    public static FactoredSvd Of(double[,] a, double[,] b)
    {
        (double[,] qa, double[,] ra) = Orthogonal(a);
        (double[,] qb, double[,] rb) = Orthogonal(b);
        (double[,] u, double[] s, double[,] v) = Jacobi(Matrices.Product(ra, Matrices.Transposed(rb)));
        return new FactoredSvd(Matrices.Product(qa, u), s, Matrices.Product(qb, v));
    }

    // Gram-Schmidt, twice for orthogonality to the last bit; a dependent column gets the next free direction.
    private static (double[,] Q, double[,] R) Orthogonal(double[,] a)
    {
        int n = a.GetLength(0), d = a.GetLength(1);
        if (n < d) throw new ArgumentException($"A factor is [{n}, {d}]; it must be at least as tall as wide.", nameof(a));
        double[,] q = new double[n, d], r = new double[d, d];
        int free = 0;
        for (int j = 0; j < d; j++)
        {
            double[] column = [.. Enumerable.Range(0, n).Select(i => a[i, j])];
            double before = Norm(column);
            Remove(column, j, into: true);
            double length = Norm(column);
            r[j, j] = length;
            while (length <= 1e-12 * Math.Max(before, 1e-300))
            {
                r[j, j] = 0;
                column = new double[n];
                column[free++] = 1;
                before = 1;
                Remove(column, j, into: false);
                length = Norm(column);
            }

            for (int i = 0; i < n; i++) q[i, j] = column[i] / length;
        }

        return (q, r);

        void Remove(double[] column, int j, bool into)
        {
            for (int pass = 0; pass < 2; pass++)
            {
                for (int k = 0; k < j; k++)
                {
                    double along = 0;
                    for (int i = 0; i < n; i++) along += q[i, k] * column[i];
                    for (int i = 0; i < n; i++) column[i] -= along * q[i, k];
                    if (into) r[k, j] += along;
                }
            }
        }
    }

    private static (double[,] U, double[] S, double[,] V) Jacobi(double[,] m)
    {
        int d = m.GetLength(0);
        double[,] u = (double[,])m.Clone(), v = new double[d, d];
        for (int i = 0; i < d; i++) v[i, i] = 1;
        for (bool turned = true; turned;)
        {
            turned = false;
            for (int p = 0; p < d; p++)
            {
                for (int q = p + 1; q < d; q++)
                {
                    double alpha = 0, beta = 0, gamma = 0;
                    for (int i = 0; i < d; i++) (alpha, beta, gamma) = (alpha + (u[i, p] * u[i, p]), beta + (u[i, q] * u[i, q]), gamma + (u[i, p] * u[i, q]));
                    if (Math.Abs(gamma) <= 1e-15 * Math.Sqrt(alpha * beta)) continue;
                    turned = true;
                    double zeta = (beta - alpha) / (2 * gamma), t = (zeta < 0 ? -1 : 1) / (Math.Abs(zeta) + Math.Sqrt(1 + (zeta * zeta))), c = 1 / Math.Sqrt(1 + (t * t)), s = c * t;
                    Turn(u, p, q, c, s);
                    Turn(v, p, q, c, s);
                }
            }
        }

        double[] lengths = [.. Enumerable.Range(0, d).Select(j => Math.Sqrt(Enumerable.Range(0, d).Sum(i => u[i, j] * u[i, j])))];
        int[] order = [.. Enumerable.Range(0, d).OrderByDescending(j => lengths[j])];
        double[,] sortedU = new double[d, d], sortedV = new double[d, d];
        for (int j = 0; j < d; j++)
        {
            for (int i = 0; i < d; i++) (sortedU[i, j], sortedV[i, j]) = (lengths[order[j]] > 0 ? u[i, order[j]] / lengths[order[j]] : 0, v[i, order[j]]);
        }

        return (sortedU, [.. order.Select(j => lengths[j])], sortedV);

        void Turn(double[,] x, int p, int q, double c, double s)
        {
            for (int i = 0; i < d; i++) (x[i, p], x[i, q]) = ((c * x[i, p]) - (s * x[i, q]), (s * x[i, p]) + (c * x[i, q]));
        }
    }

    private static double Norm(double[] x) => Math.Sqrt(x.Sum(value => value * value));
}
