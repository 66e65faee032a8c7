using Plumbline.Worlds;

namespace Plumbline.Phantoms.Wired;

/// <summary>What a wired phantom can be asked: the few requests, or pairs of sentences, that its program speaks of. Hazards and peoples are invented. Immutable.</summary>
internal sealed class WiredWorld(string name) : World
{
    private readonly Dataset _dataset = new($"phantom:{name}", "src/Plumbline.Phantoms/Wired", "MIT", ["en"]);

    public IReadOnlyList<Behaviour> Hazards { get; init; } = [];

    public IReadOnlyList<Prompt> Harmless { get; init; } = [];

    public IReadOnlyList<SentencePair> Pairs { get; init; } = [];

    public override string Name => name;

    public override Drawn<Behaviour>? Behaviours(Draw draw) => Drawn(draw, "behaviours", Hazards);

    public override Drawn<Prompt>? BenignPrompts(Draw draw) => Drawn(draw, "benign", Harmless);

    public override Drawn<SentencePair>? SentencePairs(Draw draw) => Drawn(draw, "pairs", Pairs);

    private Drawn<T>? Drawn<T>(Draw draw, string label, IReadOnlyList<T> all)
    {
        if (all.Count == 0 || draw.Language is not (null or "en")) return null;
        List<T> items = [.. all];
        new SeededRandom(draw.Seed, label).Shuffle(items);
        return new Drawn<T>(_dataset, [.. items.Take(draw.Limit ?? items.Count)]);
    }
}
