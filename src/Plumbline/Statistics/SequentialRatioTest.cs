using System.Runtime.InteropServices;

namespace Plumbline.Statistics;

/// <summary>The state of a sequential test.</summary>
public enum SequentialDecision
{
    /// <summary>Neither bound is reached.</summary>
    Continue,

    /// <summary>The first hypothesis is accepted.</summary>
    AcceptH0,

    /// <summary>The second hypothesis is accepted.</summary>
    AcceptH1,
}

/// <summary>Where a sequential test of observations ends.</summary>
/// <param name="Decision">The decision.</param>
/// <param name="DecidedAt">The number of observations at which it fell; null while open.</param>
/// <param name="LogRatioAtEnd">The log-likelihood ratio of all observations, those after the decision included.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct SequentialOutcome(SequentialDecision Decision, int? DecidedAt, double LogRatioAtEnd);

/// <summary>Wald's sequential probability ratio test of two success rates (1945). Immutable, thread-safe.</summary>
public sealed class SequentialRatioTest
{
    private readonly double _expected0;
    private readonly double _expected1;

    /// <summary>A test of rate p0 against p1.</summary>
    /// <param name="p0">The first hypothesis, in (0, 1).</param>
    /// <param name="p1">The second, in (0, 1), different from it.</param>
    /// <param name="alpha">The error under p0.</param>
    /// <param name="beta">The error under p1; alpha + beta &lt; 1.</param>
    /// <exception cref="ArgumentException">An argument is out of range.</exception>
    public SequentialRatioTest(double p0, double p1, double alpha = 0.05, double beta = 0.05)
    {
        Demand.Open01(p0);
        Demand.Open01(p1);
        Demand.Alpha(alpha);
        Demand.Alpha(beta);
        if (p0 == p1) throw new ArgumentException("The hypotheses are equal.", nameof(p1));
        if (alpha + beta >= 1) throw new ArgumentException("alpha + beta must be less than 1.", nameof(beta));
        UpperBound = Math.Log((1 - beta) / alpha);
        LowerBound = Math.Log(beta / (1 - alpha));
        Success = Math.Log(p1 / p0);
        Failure = Elementary.Log1P(-p1) - Elementary.Log1P(-p0);
        _expected0 = (((1 - alpha) * LowerBound) + (alpha * UpperBound)) / ((p0 * Success) + ((1 - p0) * Failure));
        _expected1 = ((beta * LowerBound) + ((1 - beta) * UpperBound)) / ((p1 * Success) + ((1 - p1) * Failure));
    }

    /// <summary>The log ratio at which p1 is accepted.</summary>
    public double UpperBound { get; }

    /// <summary>The log ratio at which p0 is accepted.</summary>
    public double LowerBound { get; }

    /// <summary>What a success adds to the log ratio.</summary>
    public double Success { get; }

    /// <summary>What a failure adds to the log ratio.</summary>
    public double Failure { get; }

    /// <summary>Wald's approximation of the expected number of observations under p0.</summary>
    public double ExpectedUnderH0 => _expected0;

    /// <summary>Wald's approximation of the expected number of observations under p1.</summary>
    public double ExpectedUnderH1 => _expected1;

    /// <summary>Runs the test over observations in order.</summary>
    public SequentialOutcome Run(ReadOnlySpan<bool> x)
    {
        SequentialDecision decision = SequentialDecision.Continue;
        int? at = null;
        int successes = 0;
        double ratio = 0;
        for (int t = 1; t <= x.Length; t++)
        {
            if (x[t - 1]) successes++;
            ratio = (successes * Success) + ((t - successes) * Failure);
            if (at is not null || (ratio < UpperBound && ratio > LowerBound)) continue;
            decision = ratio >= UpperBound ? SequentialDecision.AcceptH1 : SequentialDecision.AcceptH0;
            at = t;
        }

        return new SequentialOutcome(decision, at, ratio);
    }
}
