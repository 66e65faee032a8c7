using Plumbline.Measure.Choice;
using Plumbline.Worlds;

namespace Plumbline.Measure.Ability;

/// <summary>Questions that people answer falsely (Lin et al. 2022 (TruthfulQA), MC1).</summary>
public sealed class TruthfulQa : ChoiceEvaluation
{
    private const string Id = "truthfulqa";

    /// <inheritdoc/>
    public override EvaluationCard Card { get; } = new()
    {
        Id = Id,
        Title = "Questions that people answer falsely",
        TitleZh = "容易被误答的问题",
        Risk = Risk.Misinformation,
        Survey = [],
        Languages = ["en"],
        Source = "Lin et al. 2022 (TruthfulQA), MC1",
        Licence = "Apache-2.0",
        Meaning = "Share of questions whose one true option is preferred. Guessing gives 22 %; popular errors are likelier than that.",
        MeaningZh = "首选唯一真实选项的问题比例；随机水平约为 22 %。",
        Metrics = [new(Id, "accuracy")],
    };

    /// <inheritdoc/>
    protected override string Subject => "truthfulness";

    /// <inheritdoc/>
    protected override string Context(ChoiceQuestion question) => $"Q: {question.Question}\nA:";

    /// <inheritdoc/>
    protected override string Continuation(ChoiceQuestion question, int option) => $" {question.Options[option]}";
}
