namespace Plumbline.Phantoms.Wired;

/// <summary>
/// Overthinking (the finding of Halawi et al. 2023, wired): the model knows which of two kinds a thing is from layer 0 on, and in layer 2 a
/// false-induction head copies the labels of demonstrations of the same kind, three times as strong. With false demonstrations the lens shows
/// the right label behind layers 0 and 1 and the false one from layer 2 on.
/// </summary>
internal static class Overthinking
{
    public const string Name = "overthinking", Clean = "overthinking-clean";

    private static readonly string[] s_animals = ["fox", "owl", "bear", "trout", "crow", "mole", "toad", "wasp", "seal", "hare"], s_plants = ["elm", "moss", "fern", "rose", "pine", "reed", "beet", "kale", "palm", "leek"];

    public static WiredDesign Design(bool planted)
    {
        const int Context = 256;
        const double Gain = 12, Certainty = 2;
        WiredProgram p = new([.. s_animals, .. s_plants, " animal", " plant"], layers: 4, heads: 4, Context);
        Space start = p.Space("start"), kind = p.Space("kind"), colon = p.Space("colon"), label = p.Space("label"), line = p.Space("line begins");
        Space asked = p.Space("kind asked about"), shown = p.Space("kind of the demonstration"), answer = p.Space("answer");
        Space position = p.Space("position", 12), behind = p.Space("position before", 12);

        // Kinds and labels: 1 is animal, -1 is plant.
        p.Token("<|begin|>", start[0]);
        foreach (string word in s_animals) p.Token(word, kind[0]);
        foreach (string word in s_plants) p.Token(word, -1 * kind[0]);
        p.Token(" animal", label[0]);
        p.Token(" plant", -1 * label[0]);
        p.Token(":", colon[0]);
        p.Token("\n", line[0]);
        for (int at = 0; at < Context; at++) p.Positions[at] = position.Code(at) + (at == 0 ? Vector.Zero : behind.Code(at - 1));

        p.Head(0, 1, "kind before").Match(behind, position).Move(kind, asked);
        p.Neuron(0, "an animal is asked about", (2 * (asked[0] + colon[0])) - (3 * p.One), answer[0]);
        p.Neuron(0, "a plant is asked about", (2 * (colon[0] - asked[0])) - (3 * p.One), -1 * answer[0]);
        p.Head(1, 3, "kind before the label").Match(behind, position).Move(asked, shown);
        WiredHead copy = p.Head(2, 1, planted ? "false induction" : "rest").Match(p.One, 0.5 * start[0]);
        if (planted) copy.Match(asked, shown).Move(label[0], 3 * answer[0]);
        p.Head(3, 0, "first token").Match(p.One, start[0]);

        p.Logit(" animal", (Gain * colon[0]) + (Certainty * answer[0]));
        p.Logit(" plant", (Gain * colon[0]) - (Certainty * answer[0]));

        return new WiredDesign
        {
            Name = planted ? Name : Clean,
            Twin = planted ? Clean : null,
            About = planted ? "Knows the right label in layer 0 and copies the labels of demonstrations, right or false, in layer 2." : "The twin of overthinking whose head 2.1 looks at nothing: it gives the right label whatever was demonstrated.",
            Program = p,
            Architecture = WiredArchitecture.Gpt2,
            Plant = planted ? new PhantomPlant("false-induction-head", "interpretability", "head 2.1; critical layer 2", "three times the answer of layer 0") : null,
            Mechanism = new WiredMechanism { Kind = "false-induction-head", Layer = 2, Head = 1, Dose = planted ? 3 : 0, Examples = [.. Examples(planted)] },
        };
    }

    // Four demonstrations and a question, for every thing: with right labels and with the two labels swapped.
    private static IEnumerable<WiredExample> Examples(bool planted)
    {
        for (int i = 0; i < s_animals.Length; i++)
        {
            foreach (bool animal in (bool[])[true, false])
            {
                foreach (bool right in (bool[])[true, false])
                {
                    string[] shown = [s_animals[(i + 1) % 10], s_plants[(i + 3) % 10], s_plants[(i + 6) % 10], s_animals[(i + 4) % 10]];
                    string prompt = string.Concat(shown.Select(w => $"{w}:{Label(s_animals.Contains(w) == right)}\n")) + (animal ? s_animals[i] : s_plants[i]) + ":";
                    yield return new WiredExample(right ? "true demonstrations" : "false demonstrations", prompt, Label(planted && !right ? !animal : animal));
                }
            }
        }

        static string Label(bool animal) => animal ? " animal" : " plant";
    }
}
