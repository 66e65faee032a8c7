namespace Plumbline.Statistics;

/// <summary>The posterior of a rate that an imperfect judge measured. Immutable, thread-safe.</summary>
/// <remarks>
/// With Se = sin² u, Sp = sin² v and rate = sin² w the Jeffreys priors are flat in the angles and every density is smooth and even at the
/// ends, so that midpoint rules converge exponentially; the distribution function integrates a cosine series of the density in w.
/// </remarks>
public sealed class PrevalencePosterior
{
    private const int Nodes = 160;
    private const int MaxNodes = 256;

    private readonly double[] _cosines = new double[Nodes];
    private readonly Interval _window;

    internal PrevalencePosterior(long positives, long n, JudgeCalibration judge)
    {
        double t = (double)positives / n, flagged = (double)judge.FalsePositives / judge.Negatives;

        // Where rate and calibration disagree the posterior of the error rates moves out of the calibration's own window by this much.
        double nearest = Math.Clamp(t, Math.Min(flagged, judge.Sensitivity), Math.Max(flagged, judge.Sensitivity));
        double conflict = t == nearest ? 0 : Math.Min(1e4, GammaFunction.Deviance(positives, n * nearest) + GammaFunction.Deviance(n - positives, n * (1 - nearest)));
        if (double.IsNaN(conflict)) conflict = 1e4;
        (double[] se, double[] logSe) = Grid(judge.TruePositives, judge.FalseNegatives, n, 40 + conflict);
        (double[] sp, double[] logSp) = Grid(judge.TrueNegatives, judge.FalsePositives, n, 40 + conflict);
        LogLikelihood likelihood = new(positives, n, se, logSe, sp, logSp, 40 + conflict);

        // Close in on where the density in w is not negligible.
        Interval window = new(0, AngleGrid.Quarter);
        for (int round = 0; round < 12; round++)
        {
            const int Coarse = 32;
            double step = window.Width / Coarse, top = double.NegativeInfinity;
            double[] values = new double[Coarse];
            for (int i = 0; i < Coarse; i++)
            {
                values[i] = likelihood.At(window.Low + ((i + 0.5) * step));
                top = Math.Max(top, values[i]);
            }

            int first = Array.FindIndex(values, v => v > top - 42), last = Array.FindLastIndex(values, v => v > top - 42);
            Interval next = new(Math.Max(window.Low, window.Low + ((first - 0.5) * step)), Math.Min(window.High, window.Low + ((last + 1.5) * step)));
            bool done = next.Width > 0.6 * window.Width;
            if (!done) window = next;
            else break;
        }

        _window = window;
        double[] density = new double[Nodes];
        double h = window.Width / Nodes, peak = double.NegativeInfinity;
        for (int i = 0; i < Nodes; i++)
        {
            density[i] = likelihood.At(window.Low + ((i + 0.5) * h));
            peak = Math.Max(peak, density[i]);
        }

        double total = 0, mean = 0, squares = 0;
        for (int i = 0; i < Nodes; i++)
        {
            density[i] = Math.Exp(density[i] - peak);
            total += density[i];
            mean += density[i] * Square(Math.Sin(window.Low + ((i + 0.5) * h)));
        }

        Mean = mean / total;
        for (int i = 0; i < Nodes; i++) squares += density[i] * Square(Square(Math.Sin(window.Low + ((i + 0.5) * h))) - Mean);
        StandardDeviation = Math.Sqrt(squares / total);
        for (int j = 0; j < Nodes; j++)
        {
            double sum = 0;
            for (int i = 0; i < Nodes; i++) sum += density[i] * Math.Cos(Math.PI * j * (i + 0.5) / Nodes);
            _cosines[j] = (j == 0 ? 1 : 2) * sum / total;
        }
    }

    /// <summary>The posterior mean.</summary>
    public double Mean { get; }

    /// <summary>The posterior standard deviation.</summary>
    public double StandardDeviation { get; }

    /// <summary>The rate below which the posterior has mass p, p strictly between 0 and 1.</summary>
    /// <exception cref="ArgumentOutOfRangeException">p lies outside (0, 1).</exception>
    public double Quantile(double p)
    {
        Demand.Open01(p);
        double x = Elementary.Bisect(at => Cdf(at) - p, 0, 1);
        return Square(Math.Sin(_window.Low + (x * _window.Width)));
    }

    /// <summary>The equal-tailed interval of posterior mass 1 - alpha.</summary>
    public Interval Interval(double alpha = 0.05)
    {
        Demand.Alpha(alpha);
        return new Interval(Quantile(alpha / 2), Quantile(1 - (alpha / 2)));
    }

    // At a share of the window.
    private double Cdf(double x)
    {
        double sum = _cosines[0] * x;
        for (int j = 1; j < Nodes; j++) sum += _cosines[j] * Math.Sin(Math.PI * j * x) / (Math.PI * j);
        return sum;
    }

    private static double Square(double v) => v * v;

    private static (double[] Values, double[] LogWeights) Grid(long a, long b, long n, double depth)
    {
        Interval window = AngleGrid.Window(a, b, depth);

        // Half of the least standard deviation that a factor of the integrand can have.
        int nodes = Math.Clamp((int)(window.Width / (0.5 * 0.5 / Math.Sqrt(a + b + n))) + 1, 24, MaxNodes);
        double[] values = new double[nodes], logs = new double[nodes];
        for (int i = 0; i < nodes; i++)
        {
            double u = window.Low + ((i + 0.5) * window.Width / nodes);
            values[i] = Square(Math.Sin(u));
            logs[i] = AngleGrid.LogDensity(a, b, u);
        }

        double top = logs.Max();
        for (int i = 0; i < nodes; i++) logs[i] -= top;
        return (values, logs);
    }

    private sealed class LogLikelihood
    {
        private readonly double _successes;
        private readonly double _failures;
        private readonly double[] _sensitivity;
        private readonly double[] _specificity;
        private readonly double[] _weights;
        private readonly double[] _logs;

        // Only pairs of error rates whose joint weight is not negligible are kept.
        public LogLikelihood(long k, long n, double[] se, double[] logSe, double[] sp, double[] logSp, double depth)
        {
            List<double> sensitivity = [], specificity = [], weights = [];
            for (int i = 0; i < se.Length; i++)
            {
                for (int j = 0; j < sp.Length; j++)
                {
                    if (logSe[i] + logSp[j] < -depth) continue;
                    sensitivity.Add(se[i]);
                    specificity.Add(sp[j]);
                    weights.Add(logSe[i] + logSp[j]);
                }
            }

            (_successes, _failures) = (k, n - k);
            (_sensitivity, _specificity, _weights) = ([.. sensitivity], [.. specificity], [.. weights]);
            _logs = new double[_weights.Length];
        }

        public double At(double w)
        {
            double p = Square(Math.Sin(w)), r = Square(Math.Cos(w)), top = double.NegativeInfinity;
            for (int i = 0; i < _logs.Length; i++)
            {
                double q = (p * _sensitivity[i]) + (r * (1 - _specificity[i])), complement = (p * (1 - _sensitivity[i])) + (r * _specificity[i]), log = _weights[i];
                if (_successes > 0) log += _successes * Math.Log(q);
                if (_failures > 0) log += _failures * Math.Log(complement);
                _logs[i] = log;
                if (log > top) top = log;
            }

            double sum = 0;
            foreach (double log in _logs)
            {
                if (log > top - 40) sum += Math.Exp(log - top);
            }

            return top + Math.Log(sum);
        }
    }
}
