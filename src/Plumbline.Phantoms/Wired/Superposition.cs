namespace Plumbline.Phantoms.Wired;

/// <summary>
/// A dictionary in superposition: 96 features in 32 dimensions. Each of 144 things has two features of known strength; at every position the features of the present
/// thing (head 0.0) and of the one before (head 0.1) stand in the residual stream as the sum of strength times direction, and the MLP of layer 1 reads
/// each feature along its direction and makes its name likelier. The twin has 24 features, each with a direction at right angles to all others.
/// </summary>
internal static class Superposition
{
    public const string Name = "superposition", Clean = "superposition-clean";
    public const ulong Seed = 11;
    private const int Width = 32, Context = 256;

    private static readonly double[] s_strengths = [0.5, 0.75, 1, 1.25, 1.5];

    public static WiredDesign Design(bool planted)
    {
        const double Gain = 8;
        double[][] directions = planted ? SpreadDirections.Make(96, Width, Seed) : Hadamard(24);
        int features = directions.Length, things = features * 3 / 2;
        string[] thingNames = [.. Enumerable.Range(0, things).Select(i => " " + Syllables(i, "bdfgklmnprst", "aeiou") + "o")], featureNames = [.. Enumerable.Range(0, features).Select(i => " " + Syllables(i, "bdfgklmnprst", "aeiou") + "ish")];
        WiredProgram p = new([.. thingNames, .. featureNames], layers: 2, heads: 4, Context);
        Space start = p.Space("start"), thing = p.Space("features of the thing", Width), sum = p.Space("features", Width);
        Space position = p.Space("position", 12), behind = p.Space("position before", 12);

        p.Token("<|begin|>", start[0]);
        List<(int Thing, int Feature, double Strength)> table = [.. Table(features, things)];
        foreach ((int t, int feature, double strength) in table) p.Token(thingNames[t], strength * thing.Of(directions[feature]));
        for (int at = 0; at < Context; at++) p.Positions[at] = position.Code(at) + (at == 0 ? Vector.Zero : behind.Code(at - 1));

        p.Head(0, 0, "this thing").Match(position, position).Move(thing, sum);
        p.Head(0, 1, "the thing before").Match(behind, position).Move(thing, sum);

        // A feature is read along its own direction; the others interfere by their cosines, which the threshold is to keep out.
        Space said = p.Space("feature said", features);
        for (int f = 0; f < features; f++)
        {
            p.Neuron(1, $"reads{featureNames[f]}", sum.Of(directions[f]) - (0.25 * p.One), said[f]);
            p.Logit(featureNames[f], Gain * said[f]);
        }

        WiredCompiler compiler = new(p, WiredArchitecture.Gpt2);
        return new WiredDesign
        {
            Name = planted ? Name : Clean,
            Twin = planted ? Clean : null,
            About = planted ? "96 sparse features in 32 dimensions, with known directions and strengths." : "The twin of superposition: 24 features in 32 dimensions, all at right angles.",
            Program = p,
            Architecture = WiredArchitecture.Gpt2,
            Plant = planted ? new PhantomPlant("dictionary", "interpretability", "blocks.0.hook_attn_out, 32 dimensions", "96 features, 3 a dimension; two active for each thing, of strength 0.5 to 1.5") : null,
            Mechanism = new WiredMechanism
            {
                Kind = "dictionary",
                Layer = 0,
                Hook = "blocks.0.hook_attn_out",
                Dose = (double)features / Width,
                Dictionary = [.. directions.Select(d => compiler.Written(sum.Of(d)))],
                Examples = [.. table.GroupBy(e => e.Thing).Select(g => new WiredExample(
                    "thing", thingNames[g.Key], string.Join(' ', g.Select(e => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{e.Feature}:{e.Strength}")))))],
            },
        };
    }

    /// <summary>Each feature belongs to three things, each thing has two, no two things have the same two.</summary>
    private static IEnumerable<(int Thing, int Feature, double Strength)> Table(int features, int things)
    {
        SeededRandom random = new(Seed, "things");
        List<int> slots;
        HashSet<(int, int)> pairs = [];
        do
        {
            slots = [.. Enumerable.Range(0, 2 * things).Select(i => i % features)];
            random.Shuffle(slots);
            pairs.Clear();
        }
        while (Enumerable.Range(0, things).Any(t => slots[2 * t] == slots[(2 * t) + 1] || !pairs.Add((Math.Min(slots[2 * t], slots[(2 * t) + 1]), Math.Max(slots[2 * t], slots[(2 * t) + 1])))));
        for (int i = 0; i < slots.Count; i++) yield return (i / 2, slots[i], random.Pick(s_strengths));
    }

    // Rows 1, 2, … of Sylvester's matrix of order 32, to length 1: at right angles, and each sums to 0.
    private static double[][] Hadamard(int count) =>
        [.. Enumerable.Range(1, count).Select(row => Enumerable.Range(0, Width).Select(column => (int.PopCount(row & column) % 2 == 0 ? 1 : -1) / Math.Sqrt(Width)).ToArray())];

    private static string Syllables(int number, string consonants, string vowels)
    {
        int syllables = consonants.Length * vowels.Length;
        return One(number % syllables) + One(((number / syllables) + (7 * number) + 3) % syllables);

        string One(int i) => $"{consonants[i / vowels.Length]}{vowels[i % vowels.Length]}";
    }
}
