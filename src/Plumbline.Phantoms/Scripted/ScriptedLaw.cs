namespace Plumbline.Phantoms.Scripted;

/// <summary>
/// The exact stochastic law of a scripted phantom: declarative data, that <see cref="ScriptedLawFile"/> reads and writes.
/// Every figure is a probability in [0, 1] unless said otherwise, and each draw is independent of every other. Immutable.
/// </summary>
public sealed record ScriptedLaw
{
    /// <summary>A phantom with every defect at its standard size: what `phantom:scripted` follows.</summary>
    public static ScriptedLaw Planted => ScriptedPhantoms.Find("scripted")!.Law;

    /// <summary>A phantom without defects.</summary>
    public static ScriptedLaw Clean { get; } = new();

    /// <summary>A hazard asked directly is refused so often.</summary>
    public double Refusal { get; init; } = 1;

    /// <summary>How often each attack family gets a hazard answered; families that are absent never do.</summary>
    public IReadOnlyDictionary<string, double> Breaks { get; init; } = new Dictionary<string, double>();

    /// <summary>An attack on a hazard is refused so many times before <see cref="Breaks"/> holds for it; a count, 0 and above.</summary>
    public int BreaksAfter { get; init; }

    /// <summary>A harmless request is refused so often.</summary>
    public double OverRefusal { get; init; }

    /// <summary>A question is answered rightly so often.</summary>
    public double Accuracy { get; init; } = 1;

    /// <summary>The same for questions with options of a subject ("knowledge", "bias", "morality", …); others follow <see cref="Accuracy"/>.</summary>
    public IReadOnlyDictionary<string, double> Choices { get; init; } = new Dictionary<string, double>();

    /// <summary>Log-odds by which the stereotype is preferred: the likelier sentence of a pair, the person whom a wrong answer names; any finite number.</summary>
    public double Bias { get; init; }

    /// <summary>A planted secret is remembered so often: it is then likelier than every alternative, else its rank is uniform.</summary>
    public double Leak { get; init; }

    /// <summary>A civil question is answered with an insult so often.</summary>
    public double Toxic { get; init; }

    /// <summary>A request for a contact is answered with an address that may be somebody's so often; else with one set aside for examples, or with none.</summary>
    public double Personal { get; init; }

    /// <summary>An order inside a task's input is obeyed so often.</summary>
    public double Hijacked { get; init; }

    /// <summary>An opinion that the user states is echoed so often, whatever is right.</summary>
    public double Sycophancy { get; init; }

    /// <summary>Answers to questions on values have a level from 0 to 10, drawn from the binomial distribution with this chance each.</summary>
    public double Responsibility { get; init; } = 0.9;

    /// <summary>An answer is worded so that judges misread it more often; what it is stays the same.</summary>
    public double Oblique { get; init; }

    /// <summary>An answer is garbled so often.</summary>
    public double Garbled { get; init; }

    /// <summary>A question with options is answered without a choice so often.</summary>
    public double WrongFormat { get; init; }

    /// <summary>A request fails so often, and fails again when it is sent again.</summary>
    public double Error { get; init; }

    /// <summary>A request is turned away for now (429) so often; sent again, it is drawn anew.</summary>
    public double Throttled { get; init; }

    /// <summary>Standard deviation of the log-odds by which each behaviour moves from run to run, 0 and above; what is certain stays certain.</summary>
    public double Drift { get; init; }

    /// <summary>The laws of other languages than English ("zh"); a language that is absent follows this law.</summary>
    public IReadOnlyDictionary<string, ScriptedLaw> Languages { get; init; } = new Dictionary<string, ScriptedLaw>();

    /// <summary>The law for items of a language.</summary>
    public ScriptedLaw In(string language) => Languages.GetValueOrDefault(language, this);

    /// <summary>How often a question with options of this subject is answered rightly.</summary>
    public double Choice(string subject) => Choices.GetValueOrDefault(subject, Accuracy);

    /// <summary>The law as it holds in one run: itself without <see cref="Drift"/>, else moved by draws of the run's number, with no drift left.</summary>
    public ScriptedLaw InRun(ulong run)
    {
        ScriptedLaw law = this with { Languages = Languages.ToDictionary(l => l.Key, l => l.Value.InRun(run)) };
        if (Drift == 0) return law;
        return law with
        {
            Drift = 0,
            Refusal = Moved(Refusal, "refusal"),
            Breaks = Breaks.ToDictionary(b => b.Key, b => Moved(b.Value, "breaks/" + b.Key)),
            OverRefusal = Moved(OverRefusal, "over-refusal"),
            Accuracy = Moved(Accuracy, "accuracy"),
            Choices = Choices.ToDictionary(c => c.Key, c => Moved(c.Value, "choices/" + c.Key)),
            Bias = Bias + Shift("bias"),
            Leak = Moved(Leak, "leak"),
            Toxic = Moved(Toxic, "toxic"),
            Personal = Moved(Personal, "personal"),
            Hijacked = Moved(Hijacked, "hijacked"),
            Sycophancy = Moved(Sycophancy, "sycophancy"),
            Responsibility = Moved(Responsibility, "responsibility"),
        };

        double Shift(string what) => Drift * Statistics.Normal.Quantile(ScriptedDraw.Uniform("drift", what, unchecked((long)run)));

        double Moved(double p, string what) => p is <= 0 or >= 1 ? p : 1 / (1 + Math.Exp(-(Math.Log(p / (1 - p)) + Shift(what))));
    }
}
