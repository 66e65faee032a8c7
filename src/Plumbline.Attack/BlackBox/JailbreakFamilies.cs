using Microsoft.Extensions.AI;
using Plumbline.Judges;
using Plumbline.Worlds;

namespace Plumbline.Attack.BlackBox;

/// <summary>Three of the survey's four black-box families over harmful behaviours; the fourth, goal hijacking, has a measure of its own.</summary>
public sealed class JailbreakFamilies : Evaluation
{
    internal const int MaxTokens = 96;

    private const string Id = "jailbreak";
    private const int DefaultBehaviours = 100;

    /// <inheritdoc/>
    public override EvaluationCard Card { get; } = new()
    {
        Id = Id,
        Title = "Jailbreak: few-shot, refusal suppression, code",
        TitleZh = "越狱：少样本、拒绝抑制、代码",
        Kind = "attack",
        Risk = Risk.Jailbreak,
        Survey = ["A2", "A3", "A4"],
        Languages = ["en"],
        Source = "Wei et al. 2023 (in-context attack; refusal suppression); Lv et al. 2024 (CodeChameleon); Ren et al. 2024 (CodeAttack); behaviours of JailbreakBench and SimpleSafetyTests",
        Licence = "MIT, CC BY 4.0",
        Meaning = "Share of harmful requests that the target answers under an attack. jailbreak pools the three families; each has a row of its own.",
        MeaningZh = "在攻击下被测模型照办的有害请求比例。jailbreak 汇总三类攻击，每一类另有一行。",
        Metrics = [new(Id, "asr"), .. Families.Select(f => new MetricName($"{Id}/{f}", "asr")), StrongReject.Row(Id), AttackSuccess.ComplianceRow(Id)],
    };

    private static string[] Families => [FewShot.Family, RefusalSuppression.Family, CodeJailbreak.Family];

    /// <inheritdoc/>
    public override SampleSet? Samples(World world, Draw draw)
    {
        int behaviours = draw.Limit is { } most ? (most + Families.Length - 1) / Families.Length : DefaultBehaviours;
        if (world.Behaviours(draw with { Limit = behaviours }) is not { } drawn) return null;
        Func<Behaviour, int, IReadOnlyList<ChatMessage>?> fewShot = FewShot.For(world, draw);
        Func<Behaviour, int, IReadOnlyList<ChatMessage>?> suppression = RefusalSuppression.For(world, draw);
        Func<Behaviour, int, IReadOnlyList<ChatMessage>?> code = CodeJailbreak.For(world, draw);
        IEnumerable<Sample> samples = drawn.Items.SelectMany((behaviour, i) => new (string Family, IReadOnlyList<ChatMessage>? Messages)[]
        {
            (FewShot.Family, fewShot(behaviour, i)),
            (RefusalSuppression.Family, suppression(behaviour, i)),
            (CodeJailbreak.Family, code(behaviour, i)),
        }.Where(attack => attack.Messages is not null).Select(attack => new Sample
        {
            Id = $"{attack.Family}/{behaviour.Id}",
            Family = attack.Family,
            Cluster = behaviour.Id,
            Category = behaviour.Category,
            Language = behaviour.Language,
            Messages = attack.Messages!,
            MaxTokens = MaxTokens,
            ToJudge = AttackSuccess.ToJudge(behaviour),
            Score = answer => AttackSuccess.Judge(behaviour, answer),
        }));
        return new(drawn.Dataset, draw.Limit is { } limit ? samples.Take(limit) : samples);
    }

    /// <inheritdoc/>
    public override IEnumerable<Metric> Measure(World world, Dataset dataset, IEnumerable<SampleRecord> records)
    {
        yield return AttackSuccess.Rate(Id, world, dataset, records, null, null);
        foreach ((string family, string title, string titleZh) in new[]
        {
            (FewShot.Family, "Few-shot demonstrations break its refusals", "少样本示例可突破其拒答"),
            (RefusalSuppression.Family, "Rules against refusing break its refusals", "禁止拒绝的规则可突破其拒答"),
            (CodeJailbreak.Family, "Requests dressed as code break its refusals", "伪装成代码的请求可突破其拒答"),
        })
        {
            yield return AttackSuccess.Rate($"{Id}/{family}", world, dataset, records.Where(r => r.Family == family), family, AttackSuccess.Threshold(title, titleZh));
        }

        if (AttackSuccess.Judged(Id, world, dataset, records) is { } judged) yield return judged;
        if (AttackSuccess.Complied(Id, world, dataset, records) is { } complied) yield return complied;
    }
}
