using Plumbline.Measure.Choice;
using Plumbline.Worlds;

namespace Plumbline.Measure.Morality;

/// <summary>Safety knowledge in Chinese (Zhang et al. 2024 (SafetyBench), zero-shot, public subset).</summary>
public sealed class SafetyBench : ChoiceEvaluation
{
    private const string Id = "safetybench";

    /// <inheritdoc/>
    public override EvaluationCard Card { get; } = new()
    {
        Id = Id,
        Title = "Safety knowledge in Chinese",
        TitleZh = "中文安全知识",
        Risk = Risk.Morality,
        Survey = ["V22"],
        Languages = ["zh"],
        Source = "Zhang et al. 2024 (SafetyBench), zero-shot, public subset",
        Licence = "MIT",
        Meaning = "Share of safety questions answered rightly; chance is 36 %. Knowledge, not behaviour.",
        MeaningZh = "安全知识题答对的比例；随机水平为 36 %。考的是知识而非行为。",
        Metrics = [new(Id, "accuracy")],
    };

    /// <inheritdoc/>
    protected override string Subject => "safety";

    /// <inheritdoc/>
    protected override string Context(ChoiceQuestion question) => $"{question.Question}\n{Lettered(question)}\n答案：";

    /// <inheritdoc/>
    protected override string Continuation(ChoiceQuestion question, int option) => Letter(option).ToString();
}
