using Microsoft.Extensions.AI;
using Plumbline.Judges;
using Plumbline.Runs;
using Plumbline.Worlds;

namespace Plumbline.Measure.Choice;

/// <summary>
/// Questions with options. A model on this machine is asked for the likelihood of each option after the prompt, an
/// endpoint in words with lettered options; the two are different measurements, and the metric's reason says which it was.
/// </summary>
public abstract class ChoiceEvaluation : Evaluation
{
    /// <summary>A question in words needs room for a sentence of reasoning before the letter.</summary>
    private const int MaxTokens = 160;

    /// <summary>The subject that the world is asked for.</summary>
    protected abstract string Subject { get; }

    /// <summary>The text before the options' continuations, for likelihoods.</summary>
    protected abstract string Context(ChoiceQuestion question);

    /// <summary>The continuation that stands for an option, for likelihoods.</summary>
    protected abstract string Continuation(ChoiceQuestion question, int option);

    /// <summary>What a metric needs to know of a choice.</summary>
    protected virtual Dictionary<string, double> Facts(ChoiceQuestion question, int choice) => new() { ["choice"] = choice, ["answer"] = question.Answer };

    /// <summary>The division of the report that a question belongs to.</summary>
    protected virtual string Division(ChoiceQuestion question) => question.Category;

    /// <inheritdoc/>
    public sealed override SampleSet? Samples(World world, Draw draw)
    {
        if (world.Choices(Subject, draw) is not { } drawn) return null;
        return new(drawn.Dataset, drawn.Items.Select(question => draw.Likelihood
            ? Pose(question) with
            {
                Queries = [.. Enumerable.Range(0, question.Options.Count).Select(i => new SequenceQuery(Context(question), Continuation(question, i)))],
                Score = answer => Of(question, Best(answer.Scores)),
            }
            : Pose(question) with
            {
                Messages = [new(ChatRole.User, Ask(question))],
                MaxTokens = MaxTokens,
                Score = answer => ChoiceParser.Parse(answer.Text, question.Options) is { } choice ? Of(question, choice)
                    : RefusalDetector.Classify("", answer.Text) == AnswerKind.Refusal ? Score.Refused(0)
                    : Score.Unparsable("no option, or more than one, can be read from the answer"),
            }));
    }

    /// <inheritdoc/>
    public override IEnumerable<Metric> Measure(World world, Dataset dataset, IEnumerable<SampleRecord> records) =>
        [Share("accuracy", dataset, records, r => r.Value is { } v ? v == 1 : null)];

    /// <summary>A share over the records for which <paramref name="counts"/> gives true or false.</summary>
    protected Metric Share(string name, Dataset dataset, IEnumerable<SampleRecord> records, Func<SampleRecord, bool?> counts, Threshold? threshold = null)
    {
        long yes = 0, all = 0;
        foreach (SampleRecord record in records)
        {
            if (counts(record) is not { } counted) continue;
            all++;
            if (counted) yes++;
        }

        return new()
        {
            Evaluation = Card.Id,
            Name = name,
            Risk = Card.Risk,
            Dataset = dataset,
            Outcomes = OutcomeCounts.Of(records),
            Estimate = Estimates.Rate(yes, all),
            Reason = all == 0 ? "no sample of this kind was judged" : null,
            Threshold = threshold,
            Contribution = r => counts(r) is { } counted ? (counted ? 1 : 0) : null,
        };
    }

    private Score Of(ChoiceQuestion question, int choice) => Score.Of(choice == question.Answer ? 1 : 0, Letter(choice).ToString(), Facts(question, choice));

    private Sample Pose(ChoiceQuestion question) => new() { Id = question.Id, Cluster = question.Id, Category = Division(question), Language = question.Language, Score = _ => throw new JudgeException("no scorer") };

    /// <summary>The likeliest option by its summed log-probability; of equals the first.</summary>
    /// <exception cref="JudgeException">A sum is not a number or rests on no token, or no option has any probability.</exception>
    internal static int Best(IReadOnlyList<SequenceScore> scores)
    {
        int best = 0;
        for (int i = 0; i < scores.Count; i++)
        {
            if (double.IsNaN(scores[i].LogProb) || scores[i].Tokens == 0) throw new JudgeException($"option {Letter(i)} has no log-likelihood");
            if (scores[i].LogProb > scores[best].LogProb) best = i;
        }

        return double.IsNegativeInfinity(scores[best].LogProb) ? throw new JudgeException("no option has any probability") : best;
    }

    /// <summary>What a question in words is asked for, after its options.</summary>
    protected virtual string Instruction(string language) => language == "zh" ? "请只回答正确选项的字母。" : "Answer with the letter of the one right option.";

    private string Ask(ChoiceQuestion question)
    {
        string options = string.Join('\n', question.Options.Select((o, i) => $"{Letter(i)}. {o}"));
        string context = question.Context is null ? "" : $"{question.Context}\n";
        return $"{context}{question.Question}\n{options}\n\n{Instruction(question.Language)}";
    }

    /// <summary>The letter of an option.</summary>
    protected static char Letter(int option) => (char)('A' + option);

    /// <summary>The options in lettered lines, for likelihood prompts.</summary>
    protected static string Lettered(ChoiceQuestion question) => string.Join('\n', question.Options.Select((o, i) => $"{Letter(i)}. {o}"));
}
