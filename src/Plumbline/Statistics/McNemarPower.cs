namespace Plumbline.Statistics;

/// <summary>Pairs that McNemar's test needs, before rounding up.</summary>
/// <param name="Connor">Connor's formula (1987): the default.</param>
/// <param name="Miettinen">Miettinen's formula (1968), which undershoots where one discordant probability is near 0.</param>
public sealed record McNemarSampleSize(double Connor, double Miettinen);

/// <summary>The power of McNemar's test over the random number of discordant pairs.</summary>
/// <param name="Exact">Rejections of the exact test in either direction.</param>
/// <param name="ExactRightDirection">Rejections of the exact test in the true direction.</param>
/// <param name="MidP">Rejections of the mid-p test.</param>
/// <param name="Connor">The normal approximation.</param>
public sealed record McNemarPower(double Exact, double ExactRightDirection, double MidP, double Connor)
{
    /// <summary>The power with n pairs of which a share pb has only the first and pc only the second success.</summary>
    /// <exception cref="ArgumentException">A probability is out of range, their sum exceeds 1 or is 0, or there is no pair.</exception>
    public static McNemarPower Of(double pb, double pc, int pairs, double alpha = 0.05)
    {
        double psi = Check(pb, pc);
        Demand.AtLeast(pairs, 1);
        double z = Normal.TwoSidedQuantile(alpha), level = alpha * (1 + 1e-12), share = pb / psi;
        double exact = 0, right = 0, midP = 0;
        int cut = -1, midCut = -1;
        for (int m = 0; m <= pairs; m++)
        {
            // The largest smaller count that is rejected grows by at most one a pair.
            while (cut + 1 <= m / 2 && Math.Min(1, 2 * Binomial.Cdf(cut + 1, m, 0.5).Lower) <= level) cut++;
            while (midCut + 1 <= m / 2 && (2 * Binomial.Cdf(midCut + 1, m, 0.5).Lower) - Binomial.Probability(midCut + 1, m, 0.5) <= level) midCut++;
            double weight = Binomial.Mass(m, pairs, psi, 1 - psi);
            if (weight == 0) continue;
            if (cut >= 0)
            {
                double few = Binomial.Cdf(cut, m, share).Lower, many = Binomial.Cdf(m - cut - 1, m, share).Upper;
                exact += weight * (few + many);
                right += weight * (pb > pc ? many : few);
            }

            if (midCut >= 0) midP += weight * (Binomial.Cdf(midCut, m, share).Lower + Binomial.Cdf(m - midCut - 1, m, share).Upper);
        }

        double d = Math.Abs(pb - pc);
        return new McNemarPower(exact, right, midP, Normal.Cdf(((d * Math.Sqrt(pairs)) - (z * Math.Sqrt(psi))) / Math.Sqrt(psi - (d * d))));
    }

    /// <summary>The pairs needed for a power.</summary>
    /// <exception cref="ArgumentException">A probability is out of range, the two are equal, or their sum exceeds 1.</exception>
    public static McNemarSampleSize SampleSize(double pb, double pc, double power, double alpha = 0.05)
    {
        double psi = Check(pb, pc);
        Demand.Open01(power);
        if (pb == pc) throw new ArgumentException("The discordant probabilities do not differ, so no size suffices.", nameof(pc));
        double z = Normal.TwoSidedQuantile(alpha), zb = Normal.Quantile(power), d = Math.Abs(pb - pc);
        double connor = (z * Math.Sqrt(psi)) + (zb * Math.Sqrt(psi - (d * d)));
        double miettinen = (z * psi) + (zb * Math.Sqrt((psi * psi) - (d * d * (3 + psi) / 4)));
        return new McNemarSampleSize(connor * connor / (d * d), miettinen * miettinen / (psi * d * d));
    }

    private static double Check(double pb, double pc)
    {
        Demand.Probability(pb);
        Demand.Probability(pc);
        double psi = pb + pc;
        if (psi > 1) throw new ArgumentException($"pb + pc is {psi}; it must be at most 1.", nameof(pc));
        return psi > 0 ? psi : throw new ArgumentException("pb + pc is 0: there are no discordant pairs.", nameof(pc));
    }
}
