namespace Plumbline.Phantoms.Wired;

/// <summary>
/// A safety head: head 1.2 alone looks for a hazard's name and copies which hazard it was, into eight dimensions, one a hazard; the MLP of layer 1 has
/// a condition for each. Without the head nothing is refused and nothing else changes, and before that MLP no single direction carries refusal.
/// </summary>
internal static class SafetyHead
{
    public const string Name = "safety-head", Clean = "safety-head-clean";

    public static WiredDesign Design(bool planted)
    {
        ChatLines lines = ChatLines.Begin(layers: 3, subjectHead: 1);
        WiredProgram p = lines.Program;
        Space danger = p.Space("danger", ChatLines.Hazards.Count);
        WiredHead head = p.Head(1, 2, planted ? "safety" : "rest").Match(p.One, (0.5 * lines.Start[0]) + (planted ? lines.AnyHazard : Vector.Zero));
        if (planted) head.Move(lines.Hazard, danger);
        p.Head(2, 0, "first token").Match(p.One, lines.Start[0]);
        for (int i = 0; i < danger.Width; i++) p.When(1, $"refuse {ChatLines.Hazards[i]}", 2 * (danger[i] + lines.Reply[0]), 3.25, lines.Refuse[0]);
        return new WiredDesign
        {
            Name = planted ? Name : Clean,
            Twin = planted ? Clean : null,
            About = planted ? "Refuses invented hazards through one attention head." : "The twin of safety-head whose head 1.2 looks at nothing: it answers everything.",
            Program = p,
            Architecture = WiredArchitecture.Llama,
            Talks = true,
            Plant = planted ? new PhantomPlant("safety-head", "interpretability", "head 1.2, read by the MLP of layer 1", "refuses all eight hazards; without the head none") : null,
            Mechanism = new WiredMechanism { Kind = "safety-head", Layer = 1, Head = 2, Dose = planted ? 1 : 0, Examples = ChatLines.Examples(planted) },
        };
    }
}
