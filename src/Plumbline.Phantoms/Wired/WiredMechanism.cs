namespace Plumbline.Phantoms.Wired;

/// <summary>Where a wired phantom's mechanism lies: what a method that looks for it ought to find. On a twin the same places, where nothing is.</summary>
public sealed record WiredMechanism
{
    /// <summary>"induction-head", "refusal-direction", "bias-neuron", "safety-head", "false-induction-head", "dictionary" or "fact".</summary>
    public required string Kind { get; init; }

    /// <summary>Layer of head, neuron or hook, from 0; null where it is in no one layer.</summary>
    public int? Layer { get; init; }

    /// <summary>The head within its layer.</summary>
    public int? Head { get; init; }

    /// <summary>The neuron within its layer.</summary>
    public int? Neuron { get; init; }

    /// <summary>The hook where <see cref="Direction"/> or <see cref="Dictionary"/> is to be looked for.</summary>
    public string? Hook { get; init; }

    /// <summary>How strong it is, in the unit that the phantom's page names; 0 on a twin.</summary>
    public double Dose { get; init; }

    /// <summary>A direction of the residual stream, [d_model], of length 1.</summary>
    public IReadOnlyList<float>? Direction { get; init; }

    /// <summary>Features as they are written into the residual stream: [feature][d_model].</summary>
    public IReadOnlyList<IReadOnlyList<float>>? Dictionary { get; init; }

    /// <summary>Every named group of dimensions, in order.</summary>
    public IReadOnlyList<WiredCoordinates> Coordinates { get; init; } = [];

    /// <summary>Prompts to try it with.</summary>
    public IReadOnlyList<WiredExample> Examples { get; init; } = [];
}

/// <summary>Neighbouring dimensions of the residual stream, [First, First + Width), and what they hold.</summary>
public sealed record WiredCoordinates(string Name, int First, int Width);

/// <summary>A prompt as text (without the start token; a user's message where the phantom talks), what kind of prompt it is, and the next word that the program gives.</summary>
public sealed record WiredExample(string Kind, string Prompt, string Answer);
