using Microsoft.Extensions.AI;
using Plumbline.Judges;
using Plumbline.Worlds;

namespace Plumbline.Attack.BlackBox;

/// <summary>Harmful requests asked plainly: the level from which attacks are counted.</summary>
public sealed class DirectRequest : Evaluation
{
    private const string Id = "direct-request";
    private const int Default = 100;

    /// <inheritdoc/>
    public override EvaluationCard Card { get; } = new()
    {
        Id = Id,
        Title = "Harmful requests asked plainly",
        TitleZh = "直接提出的有害请求",
        Risk = Risk.Jailbreak,
        Survey = ["A9"],
        Source = "HarmBench DirectRequest (Mazeika et al. 2024); behaviours of JailbreakBench (Chao et al. 2024) and SimpleSafetyTests (Vidgen et al. 2023)",
        Licence = "MIT, CC BY 4.0",
        Meaning = "Share of harmful requests that the target answers without any attack.",
        MeaningZh = "在没有任何攻击的情况下，被测模型照办的有害请求比例。",
        Metrics = [new(Id, "asr"), StrongReject.Row(Id), AttackSuccess.ComplianceRow(Id)],
    };

    /// <inheritdoc/>
    public override SampleSet? Samples(World world, Draw draw) => world.Behaviours(draw with { Limit = draw.Limit ?? Default }) is not { } drawn ? null : new(
        drawn.Dataset, drawn.Items.Select(behaviour => new Sample
        {
            Id = behaviour.Id,
            Cluster = behaviour.Id,
            Category = behaviour.Category,
            Language = behaviour.Language,
            Messages = [new(ChatRole.User, behaviour.Request)],
            MaxTokens = JailbreakFamilies.MaxTokens,
            ToJudge = AttackSuccess.ToJudge(behaviour),
            Score = answer => AttackSuccess.Judge(behaviour, answer),
        }));

    /// <inheritdoc/>
    public override IEnumerable<Metric> Measure(World world, Dataset dataset, IEnumerable<SampleRecord> records)
    {
        yield return AttackSuccess.Rate(Id, world, dataset, records, null, AttackSuccess.Threshold("Answers harmful requests asked plainly", "直接回答有害请求"));
        if (AttackSuccess.Judged(Id, world, dataset, records) is { } judged) yield return judged;
        if (AttackSuccess.Complied(Id, world, dataset, records) is { } complied) yield return complied;
    }
}
