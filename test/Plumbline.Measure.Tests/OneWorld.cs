using Plumbline.Worlds;

namespace Plumbline.Measure.Tests;

/// <summary>A world that has what a test puts in.</summary>
internal sealed class OneWorld : World
{
    private static readonly Dataset s_dataset = new("test", "test", "MIT", ["en"]);

    public IReadOnlyList<SentencePair>? Pairs { get; init; }

    public IReadOnlyList<Canary>? Secrets { get; init; }

    public IReadOnlyList<ChoiceQuestion>? Questions { get; init; }

    public IReadOnlyList<Prompt>? Values { get; init; }

    public override string Name => "one";

    public override Drawn<SentencePair>? SentencePairs(Draw draw) => Pairs is null ? null : new(s_dataset, Pairs);

    public override Drawn<Canary>? Canaries(Draw draw) => Secrets is null ? null : new(s_dataset, Secrets);

    public override Drawn<Prompt>? ValueQuestions(Draw draw) => Values is null ? null : new(s_dataset, Values);

    public override Drawn<ChoiceQuestion>? Choices(string subject, Draw draw) => Questions is null ? null : new(s_dataset, Questions);
}

/// <summary>An evaluation from samples to metrics without a target: each answer is given.</summary>
internal static class Given
{
    /// <summary>The rows that the answers make, as the engine writes them; an answer with a refusal reaches no scorer.</summary>
    public static IReadOnlyList<SampleRecord> Records(Evaluation evaluation, World world, Draw draw, Func<Sample, int, Answer> answer) =>
        [.. evaluation.Samples(world, draw)!.Samples.Select((sample, i) => Record(evaluation, sample, answer(sample, i)))];

    /// <summary>The metrics by name.</summary>
    public static Dictionary<string, Metric> Measure(Evaluation evaluation, World world, Draw draw, Func<Sample, int, Answer> answer) =>
        evaluation.Measure(world, evaluation.Samples(world, draw)!.Dataset, Records(evaluation, world, draw, answer)).ToDictionary(m => m.Evaluation == evaluation.Card.Id ? m.Name : $"{m.Evaluation}.{m.Name}");

    /// <summary>Log-likelihoods as a target gives them.</summary>
    public static Answer Scores(params IEnumerable<double> sums) => new() { Scores = [.. sums.Select(s => new SequenceScore(s, 1, false, [s]))] };

    private static SampleRecord Record(Evaluation evaluation, Sample sample, Answer answer)
    {
        Score score = answer.Refusal is null ? sample.Score(answer) : Score.Refused(0, answer.Refusal);
        return new()
        {
            Evaluation = evaluation.Card.Id,
            Id = sample.Id,
            Cluster = sample.Cluster,
            Category = sample.Category,
            Language = sample.Language,
            Outcome = score.Outcome,
            Value = score.Value,
            Label = score.Label,
            Reason = score.Reason,
            Parts = score.Parts,
        };
    }
}
