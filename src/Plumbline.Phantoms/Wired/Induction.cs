namespace Plumbline.Phantoms.Wired;

/// <summary>
/// An induction head: behind "… A B … A" it predicts B. Head 0.1 notes at each position the token before; the induction head looks for a
/// position whose noted token is the present one, and copies the token there. Once with learned positions (GPT-2, head 1.2), once with
/// rotary ones (Llama, head 1.0).
/// </summary>
internal static class Induction
{
    public const string Name = "induction", Clean = "induction-clean", Rotary = "induction-rotary", RotaryClean = "induction-rotary-clean";

    private static readonly string[] s_words =
    [
        " apple", " bridge", " candle", " desert", " engine", " feather", " garden", " hammer", " island", " jacket", " kettle", " ladder", " mirror", " needle", " orange", " pencil",
        " quilt", " river", " saddle", " table", " umbrella", " valley", " window", " yarn", " zebra", " anchor", " basket", " copper", " drum", " ember", " flute", " glove",
    ];

    public static WiredDesign Design(bool planted) => Design(planted, rotary: false);

    public static WiredDesign RotaryDesign(bool planted) => Design(planted, rotary: true);

    private static WiredDesign Design(bool planted, bool rotary)
    {
        const int Context = 256;
        WiredProgram p = new(s_words, layers: 2, heads: rotary ? 3 : 4, Context);
        Space start = p.Space("start");
        Space token = p.Space("token", 12), before = p.Space("token before", 12), predicted = p.Space("predicted token", 12);

        p.Token("<|begin|>", start[0]);
        for (int id = WiredVocabulary.FirstByte; id < p.Vocabulary.Count; id++)
        {
            p.Token(id, token.Code(id));
            p.Logit(id, 3 * predicted.Code(id));
        }

        p.Head(0, 0, "first token").Match(p.One, start[0]);
        WiredHead noting = p.Head(0, 1, "token before").Move(token, before);
        if (rotary)
        {
            noting.Behind(1);
            p.Head(1, 1, "position before").Behind(1);
        }
        else
        {
            Space position = p.Space("position", 12), behind = p.Space("position before", 12);
            for (int at = 0; at < Context; at++) p.Positions[at] = position.Code(at) + (at == 0 ? Vector.Zero : behind.Code(at - 1));
            noting.Match(behind, position);
            p.Head(0, 3, "same position").Match(position, position);
            p.Head(1, 0, "position before").Match(behind, position);
        }

        // A match counts twelve and all else at most eight; between them lies the start token, where a query without a match rests.
        int place = rotary ? 0 : 2;
        WiredHead induction = p.Head(1, place, planted ? "induction" : "rest").Match(p.One, 10 * start[0]);
        if (planted) induction.Match(token, before).Move(token, predicted);

        string name = rotary ? Rotary : Name, clean = rotary ? RotaryClean : Clean;
        return new WiredDesign
        {
            Name = planted ? name : clean,
            Twin = planted ? clean : null,
            About = planted
                ? $"Repeats what it has seen: behind an earlier token it predicts the token that followed it. {(rotary ? "Rotary" : "Learned")} positions."
                : $"The twin of {name} without the induction head: it predicts nothing.",
            Program = p,
            Architecture = rotary ? WiredArchitecture.Llama : WiredArchitecture.Gpt2,
            Plant = planted ? new PhantomPlant("induction-head", "interpretability", $"head 1.{place}, fed by the previous-token head 0.1", "prefix-matching score 1") : null,
            Mechanism = new WiredMechanism
            {
                Kind = "induction-head",
                Layer = 1,
                Head = place,
                Dose = planted ? 1 : 0,
                Examples = [new("repeated", " apple bridge candle desert apple bridge candle", planted ? " desert" : ""), new("unrepeated", " apple bridge candle desert", "")],
            },
        };
    }
}
