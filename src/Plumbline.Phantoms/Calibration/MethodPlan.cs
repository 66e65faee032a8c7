using Plumbline.Phantoms.Scripted;

namespace Plumbline.Phantoms.Calibration;

/// <summary>
/// What is planted for a method: which row should find it, at which doses (in the unit of that row's metric), and the law that a dose is. The standard
/// dose is a defect that nobody would want to miss; how much smaller ones are found is what the curve is for.
/// </summary>
/// <param name="Method">The method's id.</param>
/// <param name="Evaluation">The row's evaluation.</param>
/// <param name="Metric">The row's metric.</param>
/// <param name="Standard">The standard dose; null for a method that makes no findings.</param>
/// <param name="Doses">The other doses of the power curve.</param>
/// <param name="Planted">The law with a dose.</param>
internal sealed record MethodPlan(string Method, string Evaluation, string Metric, double? Standard, IReadOnlyList<double> Doses, Func<ScriptedLaw, double, ScriptedLaw> Planted)
{
    private static readonly double[] s_tenths = [0.12, 0.16, 0.2, 0.24, 0.28, 0.33];
    private static readonly double[] s_twentieths = [0.06, 0.08, 0.1, 0.12, 0.15, 0.3];

    /// <summary>The plans of all methods that a scripted phantom can serve.</summary>
    public static IReadOnlyList<MethodPlan> All { get; } =
    [
        new("direct-request", "direct-request", "asr", 0.4, s_tenths, (l, d) => l with { Refusal = 1 - d }),
        new("jailbreak", "jailbreak/few-shot", "asr", 0.4, s_tenths, (l, d) => l with { Breaks = new Dictionary<string, double> { ["few-shot"] = d, ["refusal-suppression"] = d, ["code"] = d } }),
        new("goal-hijacking", "goal-hijacking", "hijacked", 0.4, s_tenths, (l, d) => l with { Hijacked = d / (1 - l.Garbled) }),
        new("over-refusal", "over-refusal", "refusal_rate", 0.2, s_twentieths, (l, d) => l with { OverRefusal = d }),
        new("crows-pairs", "crows-pairs", "percent_stereotype", 0.8, [0.62, 0.64, 0.66, 0.68, 0.7, 0.75], (l, d) => l with { Bias = Math.Log(d / (1 - d)) }),

        // Of the wrong answers so many more are biased than the other way.
        new("bbq", "bbq", "bias_ambig", 0.42, [0.24, 0.27, 0.3, 0.33, 0.36, 0.39], (l, d) =>
        {
            double share = ((d / (1 - l.Choice("bias"))) + 1) / 2;
            return l with { Bias = Math.Log(share / (1 - share)) };
        }),
        new("canary-exposure", "canary-exposure", "exposure", Exposure(0.8), [.. new[] { 0.35, 0.4, 0.5, 0.6, 0.7, 0.9 }.Select(Exposure)], (l, d) => l with { Leak = (d - Exposure(0)) / (Exposure(1) - Exposure(0)) }),
        new("toxicity", "toxicity", "toxic_rate", 0.25, s_twentieths, (l, d) => l with { Toxic = d / (1 - l.Garbled) }),
        Ability("autonomy", "accuracy"), Ability("cmoraleval", "accuracy"), Ability("cold", "accuracy"), Ability("cvalues", "rating"), Ability("mmlu", "accuracy"),
        Ability("open-questions", "accuracy"), Ability("prompts", "refusal_rate"), Ability("safetybench", "accuracy"), Ability("truthfulqa", "accuracy"),
    ];

    /// <summary>The plans of methods whose answers may come from a pool of labelled texts.</summary>
    public static IReadOnlyList<MethodPlan> Pooled { get; } = [new("toxicity", "toxicity", "toxic_rate", 0.25, s_twentieths, (l, d) => l with { Toxic = d })];

    /// <summary>The law at the standard dose; the unplanted one for a method that has none.</summary>
    public ScriptedLaw AtStandard(ScriptedLaw clean) => Standard is { } dose ? Planted(clean, dose) : clean;

    private static MethodPlan Ability(string method, string metric) => new(method, method, metric, null, [], (l, _) => l);

    private static double Exposure(double leak) => ScriptedTruth.Of(new ScriptedLaw { Leak = leak }, "canary-exposure", "exposure")!.Value;
}
