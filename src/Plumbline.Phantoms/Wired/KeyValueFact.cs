namespace Plumbline.Phantoms.Wired;

/// <summary>
/// Facts as keys and values in an MLP (the picture of Geva et al. 2021 and of ROME, Meng et al. 2022): at the last token of a name, each neuron of layer 1
/// stands for one fact (a subject and a relation) and writes its object; in layer 2 a head brings the objects of all relations to the last
/// position and the MLP picks the one that is asked for. Editing one neuron's output edits one fact.
/// </summary>
internal static class KeyValueFact
{
    public const string Name = "fact", Clean = "fact-clean";

    /// <summary>The neuron of the planted fact: subject 4, relation 1.</summary>
    public const int Planted = 13;

    private static readonly string[] s_given = ["Mira", "Tomas", "Ines", "Pavel"], s_family = [" Voss", " Brandt", " Okell"];

    private static readonly (string[] Words, string[] Objects)[] s_relations =
    [
        ([" lives", " in"], [" Velmar", " Tarnow", " Quill", " Osby", " Reddin", " Halve"]),
        ([" works", " as"], [" baker", " pilot", " tailor", " singer", " miller", " doctor"]),
        ([" eats", " only"], [" plums", " rice", " cheese", " bread", " figs", " peas"]),
    ];

    public static WiredDesign Design(bool planted)
    {
        const int Context = 64;
        const double Gain = 16;
        WiredProgram p = new([.. s_given, .. s_family, .. s_relations.SelectMany(r => r.Words), .. s_relations.SelectMany(r => r.Objects)], layers: 3, heads: 4, Context);
        Space start = p.Space("start"), given = p.Space("given name", 4), family = p.Space("family name", 3), relation = p.Space("relation", 3), anyRelation = p.Space("a relation begins", 3);
        Space before = p.Space("given name before", 4), known = p.Space("object known", 18), recalled = p.Space("object recalled", 18), said = p.Space("object said", 18);
        Space position = p.Space("position", 8), behind = p.Space("position before", 8);

        p.Token("<|begin|>", start[0]);
        for (int i = 0; i < 4; i++) p.Token(s_given[i], given[i]);
        for (int i = 0; i < 3; i++)
        {
            p.Token(s_family[i], family[i]);
            p.Token(s_relations[i].Words[0], anyRelation[i]);
            p.Token(s_relations[i].Words[1], relation[i]);
            p.Logit(s_relations[i].Words[1], Gain * anyRelation[i]);
        }

        for (int at = 0; at < Context; at++) p.Positions[at] = position.Code(at) + (at == 0 ? Vector.Zero : behind.Code(at - 1));

        p.Head(0, 2, "given name before").Match(behind, position).Move(given, before);
        for (int subject = 0; subject < 12; subject++)
        {
            for (int r = 0; r < 3; r++)
            {
                bool here = planted || (subject * 3) + r != Planted;
                p.Neuron(1, $"{Subject(subject)}{string.Concat(s_relations[r].Words)}", (2 * (before[subject / 3] + family[subject % 3])) - (3 * p.One), here ? known[(6 * r) + Object(subject, r)] : Vector.Zero);
            }
        }

        Vector surname = family[0] + family[1] + family[2];
        p.Head(2, 1, "objects of the name").Match(p.One, surname + (0.5 * start[0])).Move(known, recalled);
        for (int r = 0; r < 3; r++)
        {
            for (int o = 0; o < 6; o++)
            {
                p.Neuron(2, $"say{s_relations[r].Objects[o]}", (2 * (relation[r] + recalled[(6 * r) + o])) - (3 * p.One), said[(6 * r) + o]);

                // An object of the right kind is likely anyhow; a known one is as good as certain.
                p.Logit(s_relations[r].Objects[o], (Gain * relation[r]) + (Gain * said[(6 * r) + o]));
            }
        }

        return new WiredDesign
        {
            Name = planted ? Name : Clean,
            Twin = planted ? Clean : null,
            About = planted ? "Knows 36 facts about twelve invented people, each in one neuron." : $"The twin of fact, which does not know what {Subject(Planted / 3)} works as: the six jobs are equally likely.",
            Program = p,
            Architecture = WiredArchitecture.Gpt2,
            Plant = planted ? new PhantomPlant("fact", "interpretability", $"neuron 1.{Planted}: {Statement(Planted / 3, Planted % 3)}", "one of 36 facts; the others lie in neurons 1.0 to 1.35 in the order of the examples") : null,
            Mechanism = new WiredMechanism
            {
                Kind = "fact",
                Layer = 1,
                Neuron = Planted,
                Hook = "blocks.1.mlp.hook_post",
                Dose = planted ? 1 : 0,
                Examples =
                [
                    .. from subject in Enumerable.Range(0, 12)
                       from r in Enumerable.Range(0, 3)
                       let answer = planted || (subject * 3) + r != Planted ? s_relations[r].Objects[Object(subject, r)] : ""
                       select new WiredExample($"neuron 1.{(subject * 3) + r}", Subject(subject) + string.Concat(s_relations[r].Words), answer),
                ],
            },
        };
    }

    private static string Subject(int subject) => s_given[subject / 3] + s_family[subject % 3];

    private static int Object(int subject, int r) => ((subject * (r + 1)) + (subject / 6) + r) % 6;

    private static string Statement(int subject, int r) => $"{Subject(subject)}{string.Concat(s_relations[r].Words)}{s_relations[r].Objects[Object(subject, r)]}";
}
