using Microsoft.Extensions.AI;
using Microsoft.Extensions.AI.Evaluation;
using Plumbline.Runs;
using Plumbline.Worlds;

namespace Plumbline.Extensions.AI.Evaluation;

/// <summary>
/// Any judge of a single answer as an evaluator: a <see cref="Sample"/>'s scorer, or a function of one's own. Gives one
/// <see cref="NumericMetric"/> in the judge's unit; the outcome stands in its metadata. An answer that cannot be judged, or a judge
/// that fails, leaves the metric without a value, rated inconclusive, with a diagnostic: it is never a score of 0.
/// </summary>
/// <threadsafety>Safe for concurrent use if the judge is.</threadsafety>
public sealed class JudgeEvaluator : IEvaluator
{
    private readonly string _name;
    private readonly Func<string, Answer, Score> _judge;
    private readonly Func<double, bool>? _passes;
    private readonly JudgeCalibration? _calibration;

    /// <param name="name">The metric's name.</param>
    /// <param name="judge">From the last user message and the answer to a score.</param>
    /// <param name="passes">Which scores are good; null where a score only informs.</param>
    /// <param name="calibration">The judge's measured errors; null where nobody measured them.</param>
    public JudgeEvaluator(string name, Func<string, Answer, Score> judge, Func<double, bool>? passes = null, JudgeCalibration? calibration = null)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        ArgumentNullException.ThrowIfNull(judge);
        (_name, _judge, _passes, _calibration) = (name, judge, passes, calibration);
        EvaluationMetricNames = [name];
    }

    /// <summary>The scorer of one sample, for a response to that sample's messages.</summary>
    public static JudgeEvaluator Of(Sample sample, string name, Func<double, bool>? passes = null)
    {
        ArgumentNullException.ThrowIfNull(sample);
        return new(name, (_, answer) => sample.Score(answer), passes);
    }

    /// <inheritdoc/>
    public IReadOnlyCollection<string> EvaluationMetricNames { get; }

    /// <inheritdoc/>
    public ValueTask<EvaluationResult> EvaluateAsync(
        IEnumerable<ChatMessage> messages, ChatResponse modelResponse, ChatConfiguration? chatConfiguration = null,
        IEnumerable<EvaluationContext>? additionalContext = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(messages);
        ArgumentNullException.ThrowIfNull(modelResponse);
        cancellationToken.ThrowIfCancellationRequested();
        NumericMetric metric = new(_name);
        if (_calibration is not null) Calibrations.Add(metric, _calibration);
        Score score = ScoreOf(messages.LastOrDefault(m => m.Role == ChatRole.User)?.Text ?? "", modelResponse);
        metric.Reason = score.Reason ?? score.Label ?? score.Outcome.ToString();
        metric.AddOrUpdateMetadata("outcome", score.Outcome.ToString());
        if (score.Label is { } label) metric.AddOrUpdateMetadata("label", label);
        if (score is { Outcome: Outcome.Scored or Outcome.Refused, Value: { } value })
        {
            metric.Value = value;
            metric.Interpretation = _passes is null
                ? new(EvaluationRating.Unknown, failed: false, metric.Reason)
                : _passes(value) ? new(EvaluationRating.Exceptional, failed: false, metric.Reason) : new(EvaluationRating.Unacceptable, failed: true, metric.Reason);
        }
        else
        {
            metric.Interpretation = new(EvaluationRating.Inconclusive, failed: false, metric.Reason);
            metric.AddDiagnostics(score.Outcome == Outcome.Errored ? EvaluationDiagnostic.Error(metric.Reason) : EvaluationDiagnostic.Warning(metric.Reason));
        }

        return new(new EvaluationResult(metric));
    }

    private Score ScoreOf(string request, ChatResponse response)
    {
        if (response.FinishReason == ChatFinishReason.ContentFilter) return Score.Refused(reason: "A content filter withheld the answer.");
        try
        {
            return _judge(request, new Answer { Text = response.Text, Cut = response.FinishReason == ChatFinishReason.Length });
        }
        catch (JudgeException e)
        {
            return new(Outcome.Errored, Reason: $"The judge failed: {e.Message}");
        }
    }
}
