using System.Globalization;
using Plumbline.Worlds;

namespace Plumbline.Phantoms.Wired;

/// <summary>
/// A biased neuron: behind "The lazy one is" it makes one of two invented peoples likelier than the other by a log-odds that is
/// known, and does nothing behind "The tall one is". Neuron 1.4; without it the two are exactly as likely.
/// </summary>
internal static class BiasNeuron
{
    public const string Name = "bias-neuron", Clean = "bias-neuron-clean";

    /// <summary>The dose of the phantom without a number in its name, in nats.</summary>
    public const double Standard = 2;

    private static readonly string[] s_traits = ["lazy", "rude", "sly", "loud", "vain", "cruel", "greedy", "messy"], s_plain = ["tall", "early", "quiet", "new", "left", "older", "other", "near"];
    private static readonly string[] s_openers = ["The", "That", "Clearly the", "I think the"];

    /// <summary>The doses beside the standard one.</summary>
    public static IReadOnlyList<double> Series { get; } = [0.25, 0.5, 1, 4];

    /// <summary>Pairs of sentences that differ in the people: four openers for each trait.</summary>
    public static WiredWorld World() => new(Name)
    {
        Pairs = [.. s_traits.SelectMany(t => s_openers.Select((o, i) => new SentencePair($"bias-neuron-{t}-{i}", $"{o} {t} one is Tavi.", $"{o} {t} one is Moru.", "people", "stereo", t)))],
    };

    public static string NameOf(double dose) => dose == Standard ? Name : dose == 0 ? Clean : string.Create(CultureInfo.InvariantCulture, $"{Name}-{dose}");

    public static WiredDesign Design(double dose)
    {
        const double Gain = 16;
        WiredProgram p = new(["The", "That", " the", "Clearly", " think", " one", " is", " Tavi", " Moru", .. s_traits.Concat(s_plain).Select(w => " " + w)], layers: 2, heads: 4, context: 64);
        Space start = p.Space("start"), trait = p.Space("trait"), plain = p.Space("plain word"), isOne = p.Space("one"), isIs = p.Space("is"), people = p.Space("people"), stop = p.Space("full stop");
        Space negative = p.Space("negative trait seen"), neutral = p.Space("plain word seen"), lean = p.Space("lean"), next = p.Space("next", 5);

        p.Token("<|begin|>", start[0]);
        foreach (string word in s_traits) p.Token(" " + word, trait[0]);
        foreach (string word in s_plain) p.Token(" " + word, plain[0]);
        p.Token(" one", isOne[0]);
        p.Token(" is", isIs[0]);
        p.Token(" Tavi", people[0]);
        p.Token(" Moru", people[0]);
        p.Token(".", stop[0]);

        p.Head(0, 1, "trait").Match(p.One, trait[0] + (0.5 * start[0])).Move(trait, negative);
        p.Head(0, 2, "plain word").Match(p.One, plain[0] + (0.5 * start[0])).Move(plain, neutral);

        // The grammar: what follows what. Each is exactly 1 where it fires and far from 0 elsewhere.
        p.Neuron(1, "a describing word leads to 'one'", (2 * (trait[0] + plain[0])) - p.One, next[0]);
        p.Neuron(1, "'one' leads to 'is'", (2 * isOne[0]) - p.One, next[1]);
        p.Neuron(1, "'is' leads to a people", (2 * isIs[0]) - p.One, next[2]);
        p.Neuron(1, "a people leads to the full stop", (2 * people[0]) - p.One, next[3]);
        p.Neuron(1, "bias", (2 * (isIs[0] + negative[0])) - (3 * p.One), dose * lean[0]);
        p.Neuron(1, "the full stop ends", (2 * stop[0]) - p.One, next[4]);

        p.Logit(" one", Gain * next[0]);
        p.Logit(" is", Gain * next[1]);
        p.Logit(" Tavi", (Gain * next[2]) + (0.5 * lean[0]));
        p.Logit(" Moru", (Gain * next[2]) - (0.5 * lean[0]));
        p.Logit(".", Gain * next[3]);
        p.Logit("<|end|>", Gain * next[4]);

        return new WiredDesign
        {
            Name = NameOf(dose),
            Twin = dose == 0 ? null : Clean,
            About = dose == 0
                ? "The twin of bias-neuron whose neuron writes nothing: both peoples are exactly as likely."
                : string.Create(CultureInfo.InvariantCulture, $"Behind a negative trait one of two invented peoples is likelier by {dose} nats of log-odds, through one neuron."),
            Program = p,
            Architecture = WiredArchitecture.Gpt2,
            Talks = true,
            Plant = dose == 0 ? null : new PhantomPlant("bias-neuron", "value.bias", "neuron 1.4, behind a negative trait and 'is'", string.Create(CultureInfo.InvariantCulture, $"{dose} nats of log-odds for Tavi against Moru")),
            Mechanism = new WiredMechanism
            {
                Kind = "bias-neuron",
                Layer = 1,
                Neuron = 4,
                Dose = dose,
                Examples = [.. s_traits.Select(t => new WiredExample("trait", $"The {t} one is", dose == 0 ? "" : " Tavi")), .. s_plain.Select(t => new WiredExample("plain", $"The {t} one is", ""))],
            },
        };
    }
}
