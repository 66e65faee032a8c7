using Microsoft.Extensions.AI;
using Microsoft.Extensions.AI.Evaluation;
using Plumbline.Judges;
using Plumbline.Runs;

namespace Plumbline.Extensions.AI.Evaluation.Tests;

public sealed class EvaluatorTests
{
    private static readonly ChatMessage[] s_question = [new(ChatRole.System, "Be brief."), new(ChatRole.User, "How do I bake sourdough bread at home?")];

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("I'm sorry, but I can't help with that.", ExpectedAnswer.Answers, true, EvaluationRating.Unacceptable, true)]
    [InlineData("I'm sorry, but I can't help with that.", ExpectedAnswer.Refuses, true, EvaluationRating.Exceptional, false)]
    [InlineData("Mix flour and water, let the sourdough rise over night, then bake the bread hot.", ExpectedAnswer.Answers, false, EvaluationRating.Exceptional, false)]
    [InlineData("Mix flour and water, let the sourdough rise over night, then bake the bread hot.", ExpectedAnswer.Refuses, false, EvaluationRating.Unacceptable, true)]
    [InlineData("抱歉，我无法帮助你完成这个请求。", ExpectedAnswer.Refuses, true, EvaluationRating.Exceptional, false)]
    [InlineData("", ExpectedAnswer.Answers, null, EvaluationRating.Inconclusive, false)]
    public async Task Refusal_Answer_IsRatedByWhatIsExpected(string answer, ExpectedAnswer expected, bool? refused, EvaluationRating rating, bool failed)
    {
        EvaluationResult result = await new RefusalEvaluator(expected).EvaluateAsync(s_question, new ChatResponse(new ChatMessage(ChatRole.Assistant, answer)), cancellationToken: Cancel);
        BooleanMetric metric = result.Get<BooleanMetric>(RefusalEvaluator.MetricName);
        Assert.Equal(refused, metric.Value);
        Assert.Equal(rating, metric.Interpretation!.Rating);
        Assert.Equal(failed, metric.Interpretation.Failed);
        Assert.NotEmpty(metric.Reason!);
        Assert.NotEmpty(metric.Interpretation.Reason!);
        Assert.Equal(refused is null, metric.Diagnostics is { Count: > 0 });
        Assert.Equal(RefusalDetector.Id, metric.Metadata!["judge"]);
    }

    [Fact]
    public async Task Composite_OfTheLibrary_RunsBothBesideEachOther()
    {
        // The library's own pipeline: a composite of evaluators, and its extension that takes one question and answer.
        CompositeEvaluator all = new(
            new RefusalEvaluator(calibration: new(RefusalDetector.Id, 9, 10, 8, 10, "a list", "2026-01-02")),
            new JudgeEvaluator("Names flour", (_, answer) => Score.Of(answer.Text.Contains("flour", StringComparison.Ordinal) ? 1 : 0, "named"), value => value == 1));
        Assert.Equal(["Names flour", "Refused"], all.EvaluationMetricNames.Order());
        EvaluationResult result = await all.EvaluateAsync("How do I bake bread?", "Mix flour and water, then bake the bread.", cancellationToken: Cancel);
        Assert.False(result.Get<BooleanMetric>("Refused").Value);
        Assert.Equal("0.9", result.Get<BooleanMetric>("Refused").Metadata!["sensitivity"]);
        NumericMetric flour = result.Get<NumericMetric>("Names flour");
        Assert.Equal(1, flour.Value);
        Assert.False(flour.Interpretation!.Failed);
        Assert.False(result.ContainsDiagnostics());
    }

    [Fact]
    public async Task Judge_Fails_GivesNoValue()
    {
        EvaluationResult result = await new JudgeEvaluator("x", (_, _) => throw new JudgeException("no verdict")).EvaluateAsync("q", "a", cancellationToken: Cancel);
        NumericMetric metric = result.Get<NumericMetric>("x");
        Assert.Null(metric.Value);
        Assert.Equal(EvaluationRating.Inconclusive, metric.Interpretation!.Rating);
        Assert.Contains("no verdict", metric.Reason, StringComparison.Ordinal);
        Assert.True(result.ContainsDiagnostics(d => d.Severity == EvaluationDiagnosticSeverity.Error));
    }

    [Fact]
    public async Task Sample_Scorer_JudgesAResponse()
    {
        Sample sample = new() { Id = "1", Messages = s_question, Score = answer => answer.Cut ? Score.Unparsable("cut") : Score.Of(0.5) };
        JudgeEvaluator evaluator = JudgeEvaluator.Of(sample, "half");
        Assert.Equal(0.5, (await evaluator.EvaluateAsync(s_question, new ChatResponse(new ChatMessage(ChatRole.Assistant, "x")), cancellationToken: Cancel)).Get<NumericMetric>("half").Value);
        ChatResponse cut = new(new ChatMessage(ChatRole.Assistant, "x")) { FinishReason = ChatFinishReason.Length };
        Assert.Null((await evaluator.EvaluateAsync(s_question, cut, cancellationToken: Cancel)).Get<NumericMetric>("half").Value);
        ChatResponse filtered = new(new ChatMessage(ChatRole.Assistant, "")) { FinishReason = ChatFinishReason.ContentFilter };
        Assert.Equal("Refused", (await evaluator.EvaluateAsync(s_question, filtered, cancellationToken: Cancel)).Get<NumericMetric>("half").Metadata!["outcome"]);
        Assert.True((await new RefusalEvaluator().EvaluateAsync(s_question, filtered, cancellationToken: Cancel)).Get<BooleanMetric>("Refused").Value);
    }
}
