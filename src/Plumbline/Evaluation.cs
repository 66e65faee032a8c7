using Plumbline.Runs;
using Plumbline.Worlds;

namespace Plumbline;

/// <summary>
/// Dataset × solver × scorer → metrics. A class that derives from this, with a parameterless constructor, is found at
/// compile time: adding an evaluation touches its own file and no registry. Instances are stateless and safe for
/// concurrent use.
/// </summary>
public abstract class Evaluation
{
    /// <summary>What it is, for people and for the coverage table.</summary>
    public abstract EvaluationCard Card { get; }

    /// <summary>The samples of this world for this seed, lazily and always in the same order; null where the world has no data for it.</summary>
    public abstract SampleSet? Samples(World world, Draw draw);

    /// <summary>
    /// How a sample becomes an answer: by default one request. An attack that searches overrides this and asks as
    /// often as it likes; every request passes through the session, which journals it.
    /// </summary>
    public virtual Task<Answer> SolveAsync(Sample sample, TargetSession session, CancellationToken cancellationToken) =>
        sample.Queries.Count > 0
            ? session.ScoreAsync(sample.Queries, cancellationToken)
            : session.AskAsync(sample.Messages, sample.MaxTokens, cancellationToken);

    /// <summary>
    /// The figures. <paramref name="records"/> streams from the store and may be enumerated more than once; a
    /// metric whose records hold nothing judged has a null estimate and says why.
    /// </summary>
    public abstract IEnumerable<Metric> Measure(World world, Dataset dataset, IEnumerable<SampleRecord> records);
}

/// <summary>Samples with where they come from.</summary>
public sealed record SampleSet(Dataset Dataset, IEnumerable<Sample> Samples);

/// <summary>What a method is: for `plumbline methods`, the docs and the coverage table.</summary>
public sealed record EvaluationCard
{
    /// <summary>Stable; the metric rows' evaluation ids are this or begin with it and a slash.</summary>
    public required string Id { get; init; }

    /// <summary>One line, in English.</summary>
    public required string Title { get; init; }

    /// <summary>The same in Chinese.</summary>
    public required string TitleZh { get; init; }

    /// <summary>"evaluation" or "attack".</summary>
    public string Kind { get; init; } = "evaluation";

    /// <summary>The risk that it measures.</summary>
    public required Risk Risk { get; init; }

    /// <summary>Rows of the coverage table that it serves, e.g. "V6".</summary>
    public required IReadOnlyList<string> Survey { get; init; }

    /// <summary>What the target must be able to do.</summary>
    public Needs Needs { get; init; } = Needs.Chat;

    /// <summary>Languages of its data.</summary>
    public IReadOnlyList<string> Languages { get; init; } = ["en"];

    /// <summary>The paper or protocol.</summary>
    public required string Source { get; init; }

    /// <summary>Licence of the data that it uses for public targets.</summary>
    public required string Licence { get; init; }

    /// <summary>What one figure means and how it misleads: the sentence under the figure in a report.</summary>
    public required string Meaning { get; init; }

    /// <summary>The same in Chinese.</summary>
    public required string MeaningZh { get; init; }

    /// <summary>Every metric that it may give, with its row id; gates are checked against these before anything is sent.</summary>
    public required IReadOnlyList<MetricName> Metrics { get; init; }
}

/// <summary>A metric row's key.</summary>
public sealed record MetricName(string Evaluation, string Metric);

/// <summary>What an evaluation asks of a target.</summary>
public enum Needs
{
    /// <summary>Chat.</summary>
    Chat,

    /// <summary>Log-likelihoods of given text.</summary>
    LogLikelihood,

    /// <summary>Chat, and a judge model that the user names: without one its samples are skipped.</summary>
    Judge,
}
