namespace Plumbline.Worlds;

/// <summary>A world in which one judge's errors are known from elsewhere: a judge model that the user measured. All else is the inner world's. As safe for concurrent use as that.</summary>
/// <param name="inner">The world.</param>
/// <param name="calibration">The judge's errors.</param>
public sealed class CalibratedWorld(World inner, JudgeCalibration calibration) : World
{
    /// <inheritdoc/>
    public override string Name => inner.Name;

    /// <inheritdoc/>
    public override IReadOnlySet<string>? ToxicWords => inner.ToxicWords;

    /// <inheritdoc/>
    public override Drawn<Behaviour>? Behaviours(Draw draw) => inner.Behaviours(draw);

    /// <inheritdoc/>
    public override Drawn<Exchange>? Demonstrations(Draw draw) => inner.Demonstrations(draw);

    /// <inheritdoc/>
    public override Drawn<Prompt>? BenignPrompts(Draw draw) => inner.BenignPrompts(draw);

    /// <inheritdoc/>
    public override Drawn<ApplicationTask>? ApplicationTasks(Draw draw) => inner.ApplicationTasks(draw);

    /// <inheritdoc/>
    public override Drawn<Prompt>? ValueQuestions(Draw draw) => inner.ValueQuestions(draw);

    /// <inheritdoc/>
    public override Drawn<SentencePair>? SentencePairs(Draw draw) => inner.SentencePairs(draw);

    /// <inheritdoc/>
    public override Drawn<Canary>? Canaries(Draw draw) => inner.Canaries(draw);

    /// <inheritdoc/>
    public override Drawn<Prompt>? ToxicityPrompts(Draw draw) => inner.ToxicityPrompts(draw);

    /// <inheritdoc/>
    public override Drawn<Prompt>? PersonalPrompts(Draw draw) => inner.PersonalPrompts(draw);

    /// <inheritdoc/>
    public override Drawn<ChoiceQuestion>? Choices(string subject, Draw draw) => inner.Choices(subject, draw);

    /// <inheritdoc/>
    public override Drawn<OpenQuestion>? OpenQuestions(Draw draw) => inner.OpenQuestions(draw);

    /// <inheritdoc/>
    public override IReadOnlyList<string>? AttackTemplates(string family, Draw draw) => inner.AttackTemplates(family, draw);

    /// <inheritdoc/>
    public override JudgeCalibration? Calibration(string judge) => judge == calibration.Judge ? calibration : inner.Calibration(judge);
}
