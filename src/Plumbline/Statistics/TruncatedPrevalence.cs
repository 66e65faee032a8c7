namespace Plumbline.Statistics;

/// <summary>The law of a corrected rate given that it lies in [0, 1]; see <see cref="Prevalence.Truncated"/>. Immutable, thread-safe.</summary>
public sealed class TruncatedPrevalence
{
    private const int Nodes = 96;
    private const int Table = 4096;

    private readonly double[] _specificity = new double[Nodes * Nodes];
    private readonly double[] _sensitivity = new double[Nodes * Nodes];
    private readonly double[] _weights = new double[Nodes * Nodes];
    private readonly double[] _base = new double[Nodes * Nodes];
    private readonly Interval _window;
    private readonly double[] _cdf = new double[Table + 1];
    private readonly double[] _slope = new double[Table + 1];
    private readonly double _negligible;
    private readonly double _total;

    internal TruncatedPrevalence(long positives, long n, JudgeCalibration judge)
    {
        // The distribution function of the apparent rate in the angle, for Hermite interpolation with exact slopes.
        double a = positives + 0.5, b = n - positives + 0.5;
        _window = AngleGrid.Window(positives, n - positives, 75);
        double step = _window.Width / Table;
        for (int i = 0; i <= Table; i++)
        {
            double u = _window.Low + (i * step), s = Math.Sin(u), c = Math.Cos(u);
            BetaFunction.Split at = new(s * s, c * c);
            _cdf[i] = BetaFunction.Regularized(a, b, at).Lower;

            // d/du of I(sin² u) is twice the density times sin u cos u; the limit at the ends is finite.
            _slope[i] = at.X == 0 || at.Y == 0 || s < 1e-9 || c < 1e-9
                ? Math.Exp(-BetaFunction.Log(a, b)) * 2 * Math.Pow(s, 2.0 * positives) * Math.Pow(Math.Max(0, c), 2.0 * (n - positives))
                : 2 * BetaFunction.Prefactor(a, b, at.X, at.Y) / (s * c);
            _slope[i] *= step;
        }

        (double[] x, double[] w) = GaussLegendre.Unit(Nodes);
        Interval sp = AngleGrid.Window(judge.TrueNegatives, judge.FalsePositives, 75), se = AngleGrid.Window(judge.TruePositives, judge.FalseNegatives, 75);
        double topSp = Peak(judge.TrueNegatives, judge.FalsePositives), topSe = Peak(judge.TruePositives, judge.FalseNegatives);
        for (int i = 0; i < Nodes; i++)
        {
            double v = sp.Low + (x[i] * sp.Width), outer = w[i] * sp.Width * Math.Exp(AngleGrid.LogDensity(judge.TrueNegatives, judge.FalsePositives, v) - topSp);

            // Se > 1 - Sp is u > π/2 - v.
            double low = Math.Clamp(AngleGrid.Quarter - v, se.Low, se.High);
            for (int j = 0; j < Nodes; j++)
            {
                double u = low + (x[j] * (se.High - low));
                int at = (i * Nodes) + j;
                _specificity[at] = Square(Math.Sin(v));
                _sensitivity[at] = Square(Math.Sin(u));
                _weights[at] = low >= se.High ? 0 : outer * w[j] * (se.High - low) * Math.Exp(AngleGrid.LogDensity(judge.TruePositives, judge.FalseNegatives, u) - topSe);
                _base[at] = Cdf(Square(Math.Cos(v)));
            }
        }

        _negligible = 1e-18 * _weights.Max();
        _total = Mass(1);
    }

    /// <summary>The value below which the law has mass p, p strictly between 0 and 1.</summary>
    /// <exception cref="ArgumentOutOfRangeException">p lies outside (0, 1).</exception>
    /// <exception cref="ArgumentException">The condition has no probability that doubles can hold.</exception>
    public double Quantile(double p)
    {
        Demand.Open01(p);
        if (!(_total > 1e-290)) throw new ArgumentException("Rate and calibration contradict each other: no corrected rate in [0, 1] is possible.", nameof(p));
        return Square(Math.Sin(Elementary.Bisect(u => (Mass(Square(Math.Sin(u))) / _total) - p, 0, AngleGrid.Quarter)));
    }

    /// <summary>The equal-tailed interval of mass 1 - alpha.</summary>
    public Interval Interval(double alpha = 0.05)
    {
        Demand.Alpha(alpha);
        return new Interval(Quantile(alpha / 2), Quantile(1 - (alpha / 2)));
    }

    private static double Peak(long a, long b) =>
        AngleGrid.LogDensity(a, b, Math.Clamp(a + b == 0 ? AngleGrid.Quarter / 2 : Math.Atan2(Math.Sqrt(a), Math.Sqrt(b)), 1e-12, AngleGrid.Quarter - 1e-12));

    private static double Square(double v) => v * v;

    private double Mass(double v)
    {
        double sum = 0;
        for (int i = 0; i < _weights.Length; i++)
        {
            if (_weights[i] < _negligible) continue;
            double passed = 1 - _specificity[i];
            sum += _weights[i] * (Cdf(Math.Min(1, passed + (v * (_sensitivity[i] - passed)))) - _base[i]);
        }

        return sum;
    }

    private double Cdf(double t)
    {
        double at = (Math.Asin(Math.Sqrt(t)) - _window.Low) / _window.Width * Table;
        if (at <= 0) return 0;
        if (at >= Table) return 1;
        int i = (int)at;
        double f = at - i, g = 1 - f;
        return (_cdf[i] * g * g * (1 + (2 * f))) + (_cdf[i + 1] * f * f * (1 + (2 * g))) + (f * g * ((_slope[i] * g) - (_slope[i + 1] * f)));
    }
}
