namespace Plumbline.Phantoms.Wired;

/// <summary>A wired phantom before it is compiled.</summary>
internal sealed record WiredDesign
{
    public required string Name { get; init; }

    /// <summary>The clean twin's name; null on a twin.</summary>
    public string? Twin { get; init; }

    public required string About { get; init; }

    public required WiredProgram Program { get; init; }

    public required WiredArchitecture Architecture { get; init; }

    public required WiredMechanism Mechanism { get; init; }

    /// <summary>The planted mechanism in words; null on a twin.</summary>
    public PhantomPlant? Plant { get; init; }

    /// <summary>Whether it answers messages.</summary>
    public bool Talks { get; init; }

    /// <summary>What the program names, in dimensions.</summary>
    public IReadOnlyList<WiredCoordinates> Coordinates
    {
        get
        {
            WiredCompiler compiler = new(Program, Architecture);
            return
            [
                .. Program.Spaces.Select(s => new WiredCoordinates(s.Name, compiler.Dimension(s.First), s.Width)),
                new WiredCoordinates("service: ballast (constant one)", compiler.Dimension(0), 1),
                .. Architecture == WiredArchitecture.Gpt2 ? [new("service: minus ballast", compiler.Dimension(0) + 1, 1), new WiredCoordinates("service: counterweight", compiler.Dimension(0) + 2, 1)] : Array.Empty<WiredCoordinates>(),
            ];
        }
    }
}
