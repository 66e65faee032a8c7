namespace Plumbline.Cli;

/// <summary>Every evaluation of the product.</summary>
internal static class Catalog
{
    public static IReadOnlyList<Evaluation> All { get; } = [.. Measure.Evaluations.All.Concat(Attack.Evaluations.All).Append(new UserPrompts()).OrderBy(e => e.Card.Id, StringComparer.Ordinal)];
}
