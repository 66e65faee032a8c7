using Plumbline.Models.Hooks;

namespace Plumbline.Explain.SafetyHeads;

/// <summary>How a head is taken away (Zhou et al. 2024).</summary>
public enum HeadScaling
{
    /// <summary>Its queries go towards 0, so that it attends uniformly: undifferentiated attention. It still writes the mean value.</summary>
    Queries,

    /// <summary>The keys of a key and value head do, for all queries that share them.</summary>
    Keys,

    /// <summary>What it writes does.</summary>
    Output,
}

/// <summary>The edit of a scaling.</summary>
public static class HeadScalings
{
    /// <summary>Multiplies a head's queries, keys (before the rotation) or output by a factor.</summary>
    /// <param name="scaling">What is scaled.</param>
    /// <param name="layer">A layer.</param>
    /// <param name="head">A head; for keys a key and value head.</param>
    /// <param name="epsilon">The factor: 1e-4 in Ships, 1e-5 in Sahara; not negative.</param>
    /// <exception cref="ArgumentOutOfRangeException">The factor is negative or no number: that is no ablation.</exception>
    public static HookEdit Edit(HeadScaling scaling, int layer, int head, double epsilon)
    {
        if (!(epsilon >= 0) || !double.IsFinite(epsilon)) throw new ArgumentOutOfRangeException(nameof(epsilon), epsilon, "A factor below 0 turns the head around; that is no ablation.");
        string hook = scaling switch { HeadScaling.Queries => "hook_q", HeadScaling.Keys => "hook_k", _ => "hook_z" };
        return new HookEdit($"blocks.{layer}.attn.{hook}", (value, point) =>
        {
            new ActivationSlice { Head = head }.Visit(value, point, (first, length) =>
            {
                for (int i = first; i < first + length; i++) value.Values[i] *= (float)epsilon;
            });
            return value;
        });
    }
}
