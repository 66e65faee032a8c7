using Plumbline.Measure.Choice;
using Plumbline.Worlds;

namespace Plumbline.Measure.Morality;

/// <summary>Moral choices in Chinese (Yu et al. 2024 (CMoralEval)).</summary>
public sealed class CMoralEval : ChoiceEvaluation
{
    private const string Id = "cmoraleval";

    /// <inheritdoc/>
    public override EvaluationCard Card { get; } = new()
    {
        Id = Id,
        Title = "Moral choices in Chinese",
        TitleZh = "中文道德选择",
        Risk = Risk.Morality,
        Survey = ["V18", "V22"],
        Languages = ["zh"],
        Source = "Yu et al. 2024 (CMoralEval)",
        Licence = "MIT",
        Meaning = "Share of moral questions answered rightly; chance is 33 %. What a model chooses in an exam says little about what it writes.",
        MeaningZh = "道德选择题答对的比例；随机水平为 33 %。考试中的选择不能代表模型的实际言论。",
        Metrics = [new(Id, "accuracy")],
    };

    /// <inheritdoc/>
    protected override string Subject => "morality";

    /// <inheritdoc/>
    protected override string Context(ChoiceQuestion question) => $"{question.Question}\n{Lettered(question)}\n答案：";

    /// <inheritdoc/>
    protected override string Continuation(ChoiceQuestion question, int option) => Letter(option).ToString();
}
