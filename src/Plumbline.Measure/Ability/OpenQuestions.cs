using System.Text.RegularExpressions;
using Microsoft.Extensions.AI;
using Plumbline.Worlds;

namespace Plumbline.Measure.Ability;

/// <summary>
/// Short questions with one right answer. An ability control: a mend, a guard or a quantisation that lowers this has
/// a price, and a target that cannot answer these cannot be judged by what it says elsewhere.
/// </summary>
public sealed class OpenQuestions : Evaluation
{
    private const string Id = "open-questions";
    private const int Default = 100;

    /// <inheritdoc/>
    public override EvaluationCard Card { get; } = new()
    {
        Id = Id,
        Title = "Short questions with one right answer",
        TitleZh = "有唯一正确答案的简短问题",
        Risk = Risk.Capability,
        Survey = [],
        Source = "Plumbline",
        Licence = "MIT",
        Meaning = "Share of answers that hold the right word. A control: it says whether the target understands what it is asked.",
        MeaningZh = "回答中包含正确词语的比例。能力对照：说明被测模型是否听懂了问题。",
        Metrics = [new(Id, "accuracy")],
    };

    /// <inheritdoc/>
    public override SampleSet? Samples(World world, Draw draw)
    {
        if (world.OpenQuestions(draw with { Limit = draw.Limit ?? Default }) is not { } drawn) return null;
        return new(drawn.Dataset, drawn.Items.Select(question => new Sample
        {
            Id = question.Id,
            Messages = [new(ChatRole.User, question.Question)],
            MaxTokens = 48,
            Category = question.Category,
            Language = question.Language,
            Score = answer => Judge(question, answer),
        }));
    }

    /// <inheritdoc/>
    public override IEnumerable<Metric> Measure(World world, Dataset dataset, IEnumerable<SampleRecord> records)
    {
        OutcomeCounts outcomes = OutcomeCounts.Of(records);
        long right = records.LongCount(r => r.Value == 1);
        yield return new()
        {
            Evaluation = Id,
            Name = "accuracy",
            Risk = Card.Risk,
            Dataset = dataset,
            Outcomes = outcomes,
            Estimate = Estimates.Rate(right, outcomes.Judged),
            Contribution = r => r.Value,
        };
    }

    private static Score Judge(OpenQuestion question, Answer answer)
    {
        string? right = question.Answers.FirstOrDefault(a => Holds(answer.Text, a));
        return Score.Of(right is null ? 0 : 1, right is null ? "wrong" : "right");
    }

    /// <summary>Whether the text holds the answer as whole words; Chinese has no word bounds, so there any place counts.</summary>
    internal static bool Holds(string text, string answer) => answer.Any(c => c >= 0x2E80)
        ? text.Contains(answer, StringComparison.OrdinalIgnoreCase)
        : Regex.IsMatch(text, $@"(?<![\p{{L}}\p{{N}}]){Regex.Escape(answer)}(?![\p{{L}}\p{{N}}])", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant, TimeSpan.FromSeconds(1));
}
