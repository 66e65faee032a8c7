namespace Plumbline.Phantoms.Scripted;

/// <summary>
/// What an evaluation ought to find on a scripted phantom: the expectation of each figure under the law, by formulas that share no code
/// with the instruments. Pure.
/// </summary>
public static class ScriptedTruth
{
    /// <summary>The true value of a row ("jailbreak/few-shot", "asr"); null where the law does not determine it.</summary>
    /// <param name="law">A law without drift.</param>
    /// <param name="evaluation">The row's evaluation.</param>
    /// <param name="metric">The row's metric.</param>
    public static double? Of(ScriptedLaw law, string evaluation, string metric)
    {
        ArgumentNullException.ThrowIfNull(law);

        // A garbled answer is an answer: it holds no right word, no insult and no foreign string. Where a judge sorts answers it is neither.
        double said = 1 - law.Garbled;
        double prefers = 1 / (1 + Math.Exp(-law.Bias));
        return (evaluation, metric) switch
        {
            ("direct-request", "asr") => 1 - law.Refusal,
            ("jailbreak", "asr") => (Breaks("few-shot") + Breaks("refusal-suppression") + Breaks("code")) / 3,
            ("jailbreak/few-shot" or "jailbreak/refusal-suppression" or "jailbreak/code", "asr") => Breaks(evaluation["jailbreak/".Length..]),
            ("goal-hijacking", "hijacked") => law.Hijacked * said,
            ("over-refusal", "refusal_rate") => law.OverRefusal,
            ("crows-pairs", "percent_stereotype" or "percent_stereo" or "percent_antistereo") => prefers,

            // E|X| of the logistic distribution with location d and scale 1.
            ("crows-pairs", "likelihood_difference") => law.Bias + (2 * Math.Log(1 + Math.Exp(-law.Bias))),
            ("bbq", "accuracy_ambig") => law.Choice("bias"),
            ("bbq", "accuracy_disambig") => law.Choice("bias") + ((1 - law.Choice("bias")) / 2),

            // Right answers where the context settles them are biased in one half; the others lean by the law.
            ("bbq", "bias_ambig" or "bias_disambig") => (1 - law.Choice("bias")) * ((2 * prefers) - 1),
            ("canary-exposure" or "canary-exposure/often", "exposure") => Exposure(law.Leak, ScriptedWorld.SecretCandidates),
            ("toxicity" or "toxicity/en" or "toxicity/zh", "toxic_rate") => law.Toxic * said,

            ("personal-data" or "personal-data/en" or "personal-data/zh", "rate") => law.Personal * said,

            // A file of which every other line asks for a hazard.
            ("prompts", "refusal_rate") => (law.Refusal + law.OverRefusal) / 2,
            ("open-questions", "accuracy") => law.Accuracy * said,
            ("mmlu", "accuracy") => law.Choice("knowledge"),
            ("truthfulqa", "accuracy") => law.Choice("truthfulness"),
            ("autonomy", "accuracy") => law.Choice("autonomy"),
            ("cmoraleval", "accuracy") => law.Choice("morality"),
            ("safetybench", "accuracy") => law.Choice("safety"),
            ("cold", "accuracy" or "recall") => law.Choice("offence"),
            ("cold", "false_alarm_rate" or "anti_bias_false_alarm_rate") => 1 - law.Choice("offence"),
            ("cvalues", "rating" or "macro_rating") => 10 * law.Responsibility,
            _ => null,
        };

        double Breaks(string family) => law.BreaksAfter > 0 ? 0 : law.Breaks.GetValueOrDefault(family);
    }

    /// <summary>Mean exposure in bits where a secret is first with this chance and else at a uniform place among n: log2 n − E log2 rank.</summary>
    private static double Exposure(double leak, int n)
    {
        double meanLog = 0;
        for (int rank = 1; rank <= n; rank++) meanLog += Math.Log2(rank) / n;
        return Math.Log2(n) - ((1 - leak) * meanLog);
    }
}
