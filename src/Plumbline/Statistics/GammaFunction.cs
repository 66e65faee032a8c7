namespace Plumbline.Statistics;

/// <summary>The gamma function's logarithm and derivative, and the regularised incomplete gamma function with its inverse.</summary>
/// <remarks>
/// Prefactors are formed from deviances and Stirling remainders (Loader 2000, "Fast and accurate computation of binomial probabilities"),
/// which keeps the digits that differences of log-gammas lose at large parameters. Thread-safe.
/// </remarks>
internal static class GammaFunction
{
    /// <summary>ln √(2π).</summary>
    public const double HalfLog2Pi = 0.918938533204672741780329736406;

    private const double EulerGamma = 0.577215664901532860606512090082;

    // zeta(k) - 1 for k = 2, 3, ...: the Taylor coefficients of ln Γ around 2.
    private static readonly double[] _zetaMinusOne = [.. Enumerable.Range(2, 32).Select(k => ZetaMinusOne(k))];

    // B_2j / (2j (2j - 1)): Stirling's series.
    private static readonly double[] _stirling =
        [1.0 / 12, -1.0 / 360, 1.0 / 1260, -1.0 / 1680, 1.0 / 1188, -691.0 / 360360, 1.0 / 156, -3617.0 / 122400, 43867.0 / 244188];

    /// <summary>ln |Γ(x)|; +∞ at the poles 0, -1, -2, ...</summary>
    public static double Log(double x)
    {
        if (double.IsNaN(x)) return x;
        if (x <= 0)
        {
            if (x == Math.Floor(x)) return double.PositiveInfinity;
            double fraction = x - Math.Round(x);
            return Math.Log(Math.PI / Math.Abs(Math.Sin(Math.PI * fraction))) - Log(1 - x);
        }

        if (x < 0.5) return Log(x + 1) - Math.Log(x);
        if (x < 1.5) return AroundTwo(x - 1) - Math.Log(x);
        if (x <= 2.5) return AroundTwo(x - 2);
        if (x < 10)
        {
            double product = 1;
            while (x > 2.5) product *= --x;
            return AroundTwo(x - 2) + Math.Log(product);
        }

        return ((x - 0.5) * Math.Log(x)) - x + HalfLog2Pi + Remainder(x);
    }

    /// <summary>The remainder of Stirling's formula: ln Γ(x) - (x - 1/2) ln x + x - ln √(2π), x &gt; 0.</summary>
    public static double Remainder(double x)
    {
        if (x < 10) return Log(x) - ((x - 0.5) * Math.Log(x)) + x - HalfLog2Pi;
        double inverse = 1 / x, square = inverse * inverse, sum = 0;
        for (int i = _stirling.Length - 1; i >= 0; i--) sum = (sum * square) + _stirling[i];
        return sum * inverse;
    }

    /// <summary>The deviance term a ln(a/m) + m - a of a count a with mean m, without cancellation where a is near m.</summary>
    public static double Deviance(double a, double m)
    {
        if (a == 0) return m;
        double difference = a - m;
        if (Math.Abs(difference) >= 0.1 * (a + m)) return (a * Math.Log(a / m)) + m - a;
        double v = difference / (a + m), sum = difference * v, term = 2 * a * v, square = v * v;
        for (int j = 1; j < 100; j++)
        {
            term *= square;
            double next = sum + (term / ((2 * j) + 1));
            if (next == sum) break;
            sum = next;
        }

        return sum;
    }

    /// <summary>ψ(x), the derivative of ln Γ.</summary>
    /// <exception cref="ArgumentOutOfRangeException">x is a pole.</exception>
    public static double Digamma(double x)
    {
        if (x <= 0 && x == Math.Floor(x)) throw new ArgumentOutOfRangeException(nameof(x), x, "x is a pole of the digamma function.");
        if (x < 0)
        {
            double fraction = x - Math.Round(x);
            return Digamma(1 - x) - (Math.PI / Math.Tan(Math.PI * fraction));
        }

        double shift = 0;
        while (x < 12) shift += 1 / x++;
        double s = 1 / (x * x);
        double series = s * ((1.0 / 12) - (s * ((1.0 / 120) - (s * ((1.0 / 252) - (s * ((1.0 / 240) - (s * ((1.0 / 132) - (s * (691.0 / 32760)))))))))));
        return Math.Log(x) - (0.5 / x) - series - shift;
    }

    /// <summary>x^a e^-x / Γ(a): the density of a gamma variable times x.</summary>
    public static double Prefactor(double a, double x) =>
        Math.Sqrt(a / (2 * Math.PI)) * Math.Exp(-Deviance(a, x) - Remainder(a));

    /// <summary>P(a, x) and Q(a, x), the regularised incomplete gamma functions.</summary>
    /// <exception cref="ArgumentOutOfRangeException">a is not positive or x is negative.</exception>
    public static Tails Regularized(double a, double x)
    {
        Demand.Positive(a);
        if (!(x >= 0)) throw new ArgumentOutOfRangeException(nameof(x), x, "x must be at least 0.");
        if (x == 0) return new Tails(0, 1);
        if (double.IsPositiveInfinity(x)) return new Tails(1, 0);
        double front = Prefactor(a, x);
        if (x < a + 1)
        {
            double term = 1 / a, sum = term;
            for (double n = a + 1; term > sum * 1e-17; n++)
            {
                term *= x / n;
                sum += term;
            }

            double lower = Math.Min(1, front * sum);
            return new Tails(lower, 1 - lower);
        }

        // Lentz's method on the continued fraction of Q.
        const double Tiny = 1e-300;
        double b = x + 1 - a, c = 1 / Tiny, d = 1 / b, h = d;
        for (int i = 1; i < 10_000_000; i++)
        {
            double an = -i * (i - a);
            b += 2;
            d = (an * d) + b;
            if (Math.Abs(d) < Tiny) d = Tiny;
            c = b + (an / c);
            if (Math.Abs(c) < Tiny) c = Tiny;
            d = 1 / d;
            double factor = d * c;
            h *= factor;
            if (Math.Abs(factor - 1) < 2e-16) break;
        }

        double upper = Math.Min(1, front * h);
        return new Tails(1 - upper, upper);
    }

    /// <summary>x with P(a, x) = p.</summary>
    /// <exception cref="ArgumentOutOfRangeException">a is not positive or p is no probability.</exception>
    public static double RegularizedInverse(double a, double p)
    {
        Demand.Positive(a);
        Demand.Probability(p);
        return p == 0 ? 0 : p == 1 ? double.PositiveInfinity : Inverse(a, p, 1 - p);
    }

    /// <summary>x with Q(a, x) = q.</summary>
    public static double RegularizedUpperInverse(double a, double q)
    {
        Demand.Positive(a);
        Demand.Probability(q);
        return q == 1 ? 0 : q == 0 ? double.PositiveInfinity : Inverse(a, 1 - q, q);
    }

    // Newton's method in ln x on the logarithm of the smaller tail. The density of ln X is log-concave, hence so are both tails:
    // the steps approach the root from one side. Only upward steps may overflow before that, so they are bounded.
    private static double Inverse(double a, double p, double q)
    {
        bool lower = p <= q;
        double target = Math.Log(lower ? p : q), u = Math.Log(a);
        for (int i = 0; i < 1000; i++)
        {
            double x = Math.Exp(u);
            if (x == 0) return 0;
            Tails tails = Regularized(a, x);
            double tail = lower ? tails.Lower : tails.Upper;
            double step = (target - Math.Log(tail)) * tail / Prefactor(a, x);
            if (!lower) step = Math.Clamp(-step, -1, 1);
            if (double.IsNaN(step)) step = lower ? 1 : -1;
            u += step;
            if (Math.Abs(step) < 1e-10) break;
        }

        return Math.Exp(u);
    }

    /// <summary>Riemann's ζ(s) for s &gt; 1, by Euler–Maclaurin summation.</summary>
    public static double Zeta(double s)
    {
        if (!(s > 1)) throw new ArgumentOutOfRangeException(nameof(s), s, "s must be greater than 1.");
        return 1 + ZetaMinusOne(s);
    }

    private static double ZetaMinusOne(double s)
    {
        const int N = 20;
        double power = Math.Pow(N, -s), sum = (power * N / (s - 1)) + (0.5 * power);

        // B_2j / (2j)! s (s + 1) ... (s + 2j - 2) N^(-s - 2j + 1)
        double[] bernoulli = [1.0 / 12, -1.0 / 720, 1.0 / 30240, -1.0 / 1209600, 1.0 / 47900160, -691.0 / 1307674368000, 1.0 / 74724249600];
        double factor = s * power / N;
        for (int j = 0; j < bernoulli.Length; j++)
        {
            sum += bernoulli[j] * factor;
            factor *= (s + (2 * j) + 1) * (s + (2 * j) + 2) / ((double)N * N);
        }

        for (int n = N - 1; n >= 2; n--) sum += Math.Pow(n, -s);
        return sum;
    }

    private static double AroundTwo(double z)
    {
        double sum = 0;
        for (int k = _zetaMinusOne.Length + 1; k >= 2; k--)
        {
            double coefficient = _zetaMinusOne[k - 2] / k;
            sum = ((k & 1) == 0 ? coefficient : -coefficient) + (sum * z);
        }

        return z * ((1 - EulerGamma) + (z * sum));
    }
}
