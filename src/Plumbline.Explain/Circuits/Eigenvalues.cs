using System.Numerics;

namespace Plumbline.Explain.Circuits;

/// <summary>Eigenvalues of real matrices that need not be symmetric.</summary>
internal static class Eigenvalues
{
    /// <summary>
    /// The eigenvalues of a square matrix, by falling modulus: reduction to Hessenberg form and the QR algorithm with Wilkinson's
    /// shifts in complex numbers (Golub and Van Loan, ch. 7).
    /// </summary>
    /// <exception cref="ArithmeticException">No convergence, for instance of values that are not finite.</exception>
    public static Complex[] Of(double[,] a)
    {
        int n = a.GetLength(0);
        Complex[,] h = new Complex[n, n];
        for (int i = 0; i < n; i++)
        {
            for (int j = 0; j < n; j++) h[i, j] = a[i, j];
        }

        Hessenberg(h, n);
        int high = n - 1, turns = 0;
        while (high > 0)
        {
            int low = high;
            while (low > 0 && Complex.Abs(h[low, low - 1]) > 1e-15 * (Complex.Abs(h[low, low]) + Complex.Abs(h[low - 1, low - 1]))) low--;
            if (low == high)
            {
                (high, turns) = (high - 1, 0);
                continue;
            }

            if (++turns > 1000) throw new ArithmeticException("The eigenvalues do not converge.");
            Sweep(h, low, high, turns % 20 == 0 ? h[high, high] + Complex.Abs(h[high, high - 1]) : Shift(h, high));
        }

        return [.. Enumerable.Range(0, n).Select(i => h[i, i]).OrderByDescending(Complex.Abs)];
    }

    // The eigenvalue of the last 2×2 block that is nearer to its corner.
    private static Complex Shift(Complex[,] h, int high)
    {
        Complex p = h[high - 1, high - 1], q = h[high - 1, high], r = h[high, high - 1], s = h[high, high], half = (p - s) / 2;
        Complex root = Complex.Sqrt((half * half) + (q * r)), one = ((p + s) / 2) + root, other = ((p + s) / 2) - root;
        return Complex.Abs(one - s) < Complex.Abs(other - s) ? one : other;
    }

    private static void Sweep(Complex[,] h, int low, int high, Complex shift)
    {
        (Complex C, Complex S)[] turns = new (Complex, Complex)[high - low];
        for (int i = low; i <= high; i++) h[i, i] -= shift;
        for (int k = low; k < high; k++)
        {
            Complex a = h[k, k], b = h[k + 1, k];
            double length = Math.Sqrt((a.Magnitude * a.Magnitude) + (b.Magnitude * b.Magnitude));
            (Complex c, Complex s) = length == 0 ? (Complex.One, Complex.Zero) : (a / length, b / length);
            turns[k - low] = (c, s);
            for (int j = k; j <= high; j++) (h[k, j], h[k + 1, j]) = ((Complex.Conjugate(c) * h[k, j]) + (Complex.Conjugate(s) * h[k + 1, j]), (-s * h[k, j]) + (c * h[k + 1, j]));
        }

        for (int k = low; k < high; k++)
        {
            (Complex c, Complex s) = turns[k - low];
            for (int i = low; i <= Math.Min(k + 1, high); i++) (h[i, k], h[i, k + 1]) = ((h[i, k] * c) + (h[i, k + 1] * s), (h[i, k] * -Complex.Conjugate(s)) + (h[i, k + 1] * Complex.Conjugate(c)));
        }

        for (int i = low; i <= high; i++) h[i, i] += shift;
    }

    private static void Hessenberg(Complex[,] h, int n)
    {
        for (int k = 0; k < n - 2; k++)
        {
            double alpha = 0;
            for (int i = k + 1; i < n; i++) alpha += h[i, k].Magnitude * h[i, k].Magnitude;
            alpha = Math.Sqrt(alpha);
            if (alpha == 0) continue;
            Complex[] v = new Complex[n];
            for (int i = k + 1; i < n; i++) v[i] = h[i, k];
            v[k + 1] += v[k + 1] == Complex.Zero ? alpha : alpha * v[k + 1] / Complex.Abs(v[k + 1]);
            double norm = 0;
            for (int i = k + 1; i < n; i++) norm += v[i].Magnitude * v[i].Magnitude;
            for (int j = 0; j < n; j++)
            {
                Complex along = Complex.Zero;
                for (int i = k + 1; i < n; i++) along += Complex.Conjugate(v[i]) * h[i, j];
                for (int i = k + 1; i < n; i++) h[i, j] -= 2 * v[i] * along / norm;
            }

            for (int i = 0; i < n; i++)
            {
                Complex along = Complex.Zero;
                for (int j = k + 1; j < n; j++) along += h[i, j] * v[j];
                for (int j = k + 1; j < n; j++) h[i, j] -= 2 * along * Complex.Conjugate(v[j]) / norm;
            }
        }
    }
}
