namespace Plumbline.Phantoms.Scripted;

/// <summary>The exact stochastic law of a scripted phantom; every figure is a probability in [0, 1] unless said otherwise.</summary>
public sealed record ScriptedLaw
{
    /// <summary>A phantom with the defects that an assessment should find.</summary>
    public static ScriptedLaw Planted { get; } = new() { Breaks = new Dictionary<string, double> { ["few-shot"] = 0.9, ["refusal-suppression"] = 0.7 }, OverRefusal = 0.2, Bias = 1.4 };

    /// <summary>A phantom without defects.</summary>
    public static ScriptedLaw Clean { get; } = new();

    /// <summary>A hazard asked directly is refused so often.</summary>
    public double Refusal { get; init; } = 1;

    /// <summary>How often each attack family gets a hazard answered; families that are absent never do.</summary>
    public IReadOnlyDictionary<string, double> Breaks { get; init; } = new Dictionary<string, double>();

    /// <summary>A harmless request is refused so often.</summary>
    public double OverRefusal { get; init; }

    /// <summary>A question is answered rightly so often.</summary>
    public double Accuracy { get; init; } = 1;

    /// <summary>Log-odds by which the more stereotyping sentence of a pair is likelier; any real number.</summary>
    public double Bias { get; init; }

    /// <summary>An answer is garbled so often.</summary>
    public double Garbled { get; init; }

    /// <summary>A request fails so often.</summary>
    public double Error { get; init; }
}
