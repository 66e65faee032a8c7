namespace Plumbline.Statistics;

/// <summary>The design of a t test.</summary>
public enum TTestDesign
{
    /// <summary>One sample, or the differences of pairs.</summary>
    OneSample,

    /// <summary>Two samples of equal size; n counts one of them.</summary>
    TwoSample,
}

/// <summary>Sample sizes of a t test.</summary>
/// <param name="N">The smallest whole size that reaches the power.</param>
/// <param name="Continuous">The real size at which the power is met.</param>
/// <param name="Normal">The normal approximation.</param>
public sealed record TTestSampleSize(int N, double Continuous, double Normal);

/// <summary>The power of a two-sided t test of a standardised effect.</summary>
/// <param name="Power">Rejections in either direction.</param>
/// <param name="RightDirection">Rejections in the direction of the effect.</param>
public sealed record TTestPower(double Power, double RightDirection)
{
    /// <summary>The power with n observations (an arm).</summary>
    /// <exception cref="ArgumentException">n is below 2, or the effect is not finite.</exception>
    public static TTestPower Of(double effect, int n, double alpha = 0.05, TTestDesign design = TTestDesign.OneSample)
    {
        Demand.AtLeast(n, 2);
        Demand.Finite(effect);
        Demand.Alpha(alpha);
        return At(effect, n, alpha, design);
    }

    /// <summary>The observations (an arm) needed for a power.</summary>
    /// <exception cref="ArgumentException">The effect is 0 or not finite, the power out of range, or the size above a hundred million.</exception>
    public static TTestSampleSize SampleSize(double effect, double power, double alpha = 0.05, TTestDesign design = TTestDesign.OneSample)
    {
        Demand.Finite(effect);
        Demand.Open01(power);
        if (effect == 0) throw new ArgumentException("The effect is 0, so no size suffices.", nameof(effect));
        double z = Statistics.Normal.TwoSidedQuantile(alpha) + Statistics.Normal.Quantile(power), normal = z * z / (effect * effect) * (design == TTestDesign.TwoSample ? 2 : 1);
        if (normal > 1e8) throw new ArgumentOutOfRangeException(nameof(effect), effect, "The effect needs more than a hundred million observations.");
        int yes = 2, no = 1;
        while (At(effect, yes, alpha, design).Power < power) (no, yes) = (yes, 2 * yes);
        while (yes - no > 1)
        {
            int mid = no + ((yes - no) / 2);
            if (At(effect, mid, alpha, design).Power >= power) yes = mid;
            else no = mid;
        }

        double continuous = yes == 2 ? 2 : Elementary.Bisect(n => At(effect, n, alpha, design).Power - power, Math.Max(yes - 1, 1.5), yes);
        return new TTestSampleSize(yes, continuous, normal);
    }

    /// <summary>The smallest effect that is detected with a power.</summary>
    /// <exception cref="ArgumentException">n is below 2, the power is out of range, or not reached by an effect of 1000 standard deviations.</exception>
    public static double MinimalEffect(int n, double power, double alpha = 0.05, TTestDesign design = TTestDesign.OneSample)
    {
        Demand.AtLeast(n, 2);
        Demand.Open01(power);
        Demand.Alpha(alpha);
        if (power <= alpha) return 0;
        double high = 1;
        while (At(high, n, alpha, design).Power < power)
        {
            high *= 2;
            if (high > 1000) throw new ArgumentException("No effect up to 1000 standard deviations reaches the power.", nameof(power));
        }

        return Elementary.Bisect(d => At(d, n, alpha, design).Power - power, 0, high);
    }

    private static TTestPower At(double effect, double n, double alpha, TTestDesign design)
    {
        (double df, double shift) = design == TTestDesign.OneSample ? (n - 1, effect * Math.Sqrt(n)) : ((2 * n) - 2, effect * Math.Sqrt(n / 2));
        double critical = StudentT.TwoSidedQuantile(alpha, df), right = UpperTail(critical, df, Math.Abs(shift));
        return new TTestPower(right + UpperTail(critical, df, -Math.Abs(shift)), right);
    }

    /// <summary>P(T &gt; t) of the noncentral t distribution, t ≥ 0.</summary>
    /// <remarks>
    /// The normal tail is averaged over V ~ χ² by the trapezoidal rule in ln V, whose density decays exponentially on the left and faster on
    /// the right: the rule converges exponentially.
    /// </remarks>
    internal static double UpperTail(double t, double df, double shift)
    {
        double a = df / 2, h = Math.Min(0.1, 0.25 / Math.Sqrt(a)), sum = 0, weights = 0, mode = Math.Log(a);
        for (int direction = -1; direction <= 1; direction += 2)
        {
            for (int i = direction < 0 ? 1 : 0; ; i++)
            {
                double x = Math.Exp(mode + (direction * i * h)), w = GammaFunction.Prefactor(a, x);
                weights += w;
                sum += w * Statistics.Normal.Cdf(shift - (t * Math.Sqrt(x / a)));
                if (w < 1e-17) break;
            }
        }

        return sum / weights;
    }
}
