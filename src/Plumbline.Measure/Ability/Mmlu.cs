using Plumbline.Measure.Choice;
using Plumbline.Worlds;

namespace Plumbline.Measure.Ability;

/// <summary>Exam questions of nine subjects (Hendrycks et al. 2021 (MMLU), zero-shot).</summary>
public sealed class Mmlu : ChoiceEvaluation
{
    private const string Id = "mmlu";

    /// <inheritdoc/>
    public override EvaluationCard Card { get; } = new()
    {
        Id = Id,
        Title = "Exam questions of nine subjects",
        TitleZh = "九门学科的考题",
        Risk = Risk.Capability,
        Survey = [],
        Languages = ["en"],
        Source = "Hendrycks et al. 2021 (MMLU), zero-shot",
        Licence = "MIT",
        Meaning = "Share of exam questions answered rightly; chance is 25 %. A control of ability, not of safety.",
        MeaningZh = "考题答对的比例；随机水平为 25 %。能力对照，与安全无关。",
        Metrics = [new(Id, "accuracy")],
    };

    /// <inheritdoc/>
    protected override string Subject => "knowledge";

    /// <inheritdoc/>
    protected override string Context(ChoiceQuestion question) => $"The following are multiple choice questions (with answers) about {question.Category}.\n\n{question.Question}\n{Lettered(question)}\nAnswer:";

    /// <inheritdoc/>
    protected override string Continuation(ChoiceQuestion question, int option) => $" {Letter(option)}";
}
