using Microsoft.Extensions.AI;
using Plumbline.Judges;
using Plumbline.Worlds;

namespace Plumbline.Cli;

/// <summary>
/// The user's own prompts as an evaluation: what share of them is refused. The prompts may be harmful or harmless, so
/// there is no threshold: the user knows which rate is right. With a limit the first so many are asked.
/// </summary>
internal sealed class UserPrompts(string? file = null, string name = "") : Evaluation
{
    public const string Id = "prompts";

    /// <inheritdoc/>
    public override EvaluationCard Card { get; } = new()
    {
        Id = Id,
        Title = "Your own prompts refused (--prompts FILE)",
        TitleZh = "对用户自备提示的拒答（--prompts FILE）",
        Risk = Risk.Deployment,
        Survey = [],
        Languages = ["en", "zh"],
        Source = "the user's file",
        Licence = "the user's own",
        Meaning = "Share of your prompts that are refused, wholly or in part. Whether high is good depends on what you ask.",
        MeaningZh = "您的提示被（全部或部分）拒绝的比例。高低的好坏取决于所问的内容。",
        Metrics = [new(Id, RefusalRate.Name)],
    };

    /// <inheritdoc/>
    public override SampleSet? Samples(World world, Draw draw)
    {
        if (file is null) return null;
        IEnumerable<PromptFile.Line> lines = PromptFile.Read(file).Where(l => draw.Language is null || l.Language is null || l.Language == draw.Language);
        if (draw.Limit is { } most) lines = lines.Take(most);
        return new(new(name, "the user's file", "the user's own", []), lines.Select(line => new Sample
        {
            // The line's number keeps ids apart that the file gives twice.
            Id = line.Id is null ? $"line-{line.Number}" : $"{line.Id}@{line.Number}",
            Category = line.Category,
            Language = line.Language ?? "en",
            Messages = [new(ChatRole.User, line.Prompt)],
            Score = answer => RefusalRate.Judge(line.Prompt, answer),
        }));
    }

    /// <inheritdoc/>
    public override IEnumerable<Metric> Measure(World world, Dataset dataset, IEnumerable<SampleRecord> records) => [RefusalRate.Of(Card, world, dataset, records)];
}
