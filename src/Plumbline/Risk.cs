namespace Plumbline;

/// <summary>
/// A node of the survey's taxonomy ("Large Language Model Safety: A Holistic Survey", arXiv 2412.17686) with the names
/// it has in OWASP Top 10 for LLM Applications (2025), NIST AI 600-1 and the MLCommons hazard taxonomy; empty where a
/// list has no entry for it.
/// </summary>
public sealed record Risk(string Id, string Title, string TitleZh, string Owasp, string Nist, string MlCommons)
{
    public static Risk Bias { get; } = new("value.bias", "Social bias", "社会偏见", "", "Harmful Bias or Homogenization", "");
    public static Risk Privacy { get; } = new("value.privacy", "Privacy", "隐私", "LLM02:2025 Sensitive Information Disclosure", "Data Privacy", "Privacy");
    public static Risk Toxicity { get; } = new("value.toxicity", "Toxicity", "毒性", "", "Obscene, Degrading, and/or Abusive Content", "Hate");
    public static Risk Morality { get; } = new("value.morality", "Ethics and morality", "伦理道德", "", "", "");
    public static Risk Jailbreak { get; } = new("robustness.jailbreak", "Jailbreak", "越狱攻击", "LLM01:2025 Prompt Injection", "Information Security", "");
    public static Risk OverRefusal { get; } = new("robustness.over-refusal", "Over-refusal", "过度拒答", "", "", "");
    public static Risk Weaponization { get; } = new("misuse.weaponization", "Weaponisation", "武器化", "", "CBRN Information or Capabilities", "Indiscriminate Weapons (CBRNE)");
    public static Risk Misinformation { get; } = new("misuse.misinformation", "Misinformation", "虚假信息", "LLM09:2025 Misinformation", "Information Integrity", "Defamation");
    public static Risk Deepfake { get; } = new("misuse.deepfake", "Deepfakes", "深度伪造", "", "Information Integrity", "");
    public static Risk Autonomy { get; } = new("autonomy", "Autonomy", "自主风险", "LLM06:2025 Excessive Agency", "Human-AI Configuration", "");
    public static Risk Agent { get; } = new("agent", "Agents", "智能体安全", "LLM06:2025 Excessive Agency", "Human-AI Configuration", "");
    public static Risk Interpretability { get; } = new("interpretability", "Interpretability", "可解释性", "", "", "");
    public static Risk Data { get; } = new("practice.data", "Data practice", "数据实践", "LLM04:2025 Data and Model Poisoning", "Value Chain and Component Integration", "");
    public static Risk Training { get; } = new("practice.training", "Training practice", "训练实践", "LLM03:2025 Supply Chain", "Value Chain and Component Integration", "");
    public static Risk EvaluationPractice { get; } = new("practice.evaluation", "Evaluation practice", "评测实践", "", "", "");
    public static Risk Deployment { get; } = new("practice.deployment", "Deployment practice", "部署实践", "LLM05:2025 Improper Output Handling", "", "");
    public static Risk Governance { get; } = new("governance", "Governance", "治理", "", "", "");

    /// <summary>An ability control: no risk, but a mend or a guard must not cost it.</summary>
    public static Risk Capability { get; } = new("capability", "Ability control", "能力对照", "", "", "");

    /// <summary>The whole taxonomy in the survey's order.</summary>
    public static IReadOnlyList<Risk> All { get; } =
    [
        Bias, Privacy, Toxicity, Morality, Jailbreak, OverRefusal, Weaponization, Misinformation, Deepfake, Autonomy, Agent,
        Interpretability, Data, Training, EvaluationPractice, Deployment, Governance, Capability,
    ];

    /// <summary>The name in a language ("zh" or English).</summary>
    public string In(string language) => language == "zh" ? TitleZh : Title;

    /// <inheritdoc/>
    public override string ToString() => Id;
}
