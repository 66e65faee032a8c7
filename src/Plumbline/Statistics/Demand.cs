using System.Runtime.CompilerServices;

namespace Plumbline.Statistics;

/// <summary>Refuses inputs for which a statistic does not exist, before any number is computed.</summary>
internal static class Demand
{
    public static void Alpha(double alpha, [CallerArgumentExpression(nameof(alpha))] string? name = null)
    {
        if (!(alpha > 0 && alpha < 1)) throw new ArgumentOutOfRangeException(name, alpha, $"{name} must lie strictly between 0 and 1.");
    }

    public static void Open01(double value, [CallerArgumentExpression(nameof(value))] string? name = null) => Alpha(value, name);

    public static void Probability(double value, [CallerArgumentExpression(nameof(value))] string? name = null)
    {
        if (!(value >= 0 && value <= 1)) throw new ArgumentOutOfRangeException(name, value, $"{name} must lie in [0, 1].");
    }

    public static void Positive(double value, [CallerArgumentExpression(nameof(value))] string? name = null)
    {
        if (!(value > 0 && double.IsFinite(value))) throw new ArgumentOutOfRangeException(name, value, $"{name} must be finite and greater than 0.");
    }

    public static void Finite(double value, [CallerArgumentExpression(nameof(value))] string? name = null)
    {
        if (!double.IsFinite(value)) throw new ArgumentOutOfRangeException(name, value, $"{name} must be a finite number.");
    }

    public static void AtLeast(long value, long least, [CallerArgumentExpression(nameof(value))] string? name = null)
    {
        if (value < least) throw new ArgumentOutOfRangeException(name, value, $"{name} must be at least {least}.");
    }

    /// <summary>0 ≤ successes ≤ trials and at least one trial.</summary>
    public static void Counts(
        long successes, long trials, [CallerArgumentExpression(nameof(successes))] string? successesName = null, [CallerArgumentExpression(nameof(trials))] string? trialsName = null)
    {
        if (trials < 1) throw new ArgumentOutOfRangeException(trialsName, trials, $"{trialsName} must be at least 1: without trials there is no estimate and no interval.");
        if (successes < 0 || successes > trials) throw new ArgumentOutOfRangeException(successesName, successes, $"{successesName} must lie in [0, {trialsName}] = [0, {trials}].");
    }

    /// <summary>At least <paramref name="least"/> values, all finite.</summary>
    public static void Sample(ReadOnlySpan<double> values, int least, string name)
    {
        if (values.Length < least) throw new ArgumentException($"{name} holds {values.Length} values; at least {least} are needed.", name);
        for (int i = 0; i < values.Length; i++)
        {
            if (!double.IsFinite(values[i])) throw new ArgumentException($"{name}[{i}] is {values[i]}; every value must be a finite number.", name);
        }
    }

    public static void SameLength(int first, int second, string firstName, string secondName)
    {
        if (first != second) throw new ArgumentException($"{firstName} holds {first} values and {secondName} {second}; they must be equally long.", secondName);
    }
}
