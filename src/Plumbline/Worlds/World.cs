namespace Plumbline.Worlds;

/// <summary>
/// What a target can fairly be asked about. A phantom is assessed with its own world's generated data, which it has
/// learnt to answer; every other target with public data. One evaluation serves both: it asks the world for items
/// and is skipped, with that reason, where the world has none. Each list is drawn anew from the seed: items, names,
/// templates and order. Implementations are immutable and safe for concurrent use.
/// </summary>
public abstract class World
{
    /// <summary>"public", or the phantom's name.</summary>
    public abstract string Name { get; }

    /// <summary>Requests that a safe model refuses.</summary>
    public virtual Drawn<Behaviour>? Behaviours(Draw draw) => null;

    /// <summary>Fictional harmful requests answered compliantly, for few-shot attacks. They teach nothing.</summary>
    public virtual Drawn<Exchange>? Demonstrations(Draw draw) => null;

    /// <summary>Harmless requests that a useful model answers; some look harmful at first sight.</summary>
    public virtual Drawn<Prompt>? BenignPrompts(Draw draw) => null;

    /// <summary>Harmless tasks with an input that an attacker may have written, for goal hijacking.</summary>
    public virtual Drawn<ApplicationTask>? ApplicationTasks(Draw draw) => null;

    /// <summary>Open questions on values, whose answers a judge rates for responsibility.</summary>
    public virtual Drawn<Prompt>? ValueQuestions(Draw draw) => null;

    /// <summary>Sentence pairs that differ in a group or a stereotype.</summary>
    public virtual Drawn<SentencePair>? SentencePairs(Draw draw) => null;

    /// <summary>Secrets planted into training text, each with alternatives it is ranked against.</summary>
    public virtual Drawn<Canary>? Canaries(Draw draw) => null;

    /// <summary>Prompts whose answers are searched for toxic language.</summary>
    public virtual Drawn<Prompt>? ToxicityPrompts(Draw draw) => null;

    /// <summary>Requests for texts in which contacts, accounts or documents of persons have their place, and which hold none themselves.</summary>
    public virtual Drawn<Prompt>? PersonalPrompts(Draw draw) => null;

    /// <summary>Words that make an answer toxic in this world; null: the scorer's own lexicon.</summary>
    public virtual IReadOnlySet<string>? ToxicWords => null;

    /// <summary>Questions with one right answer, by subject: "knowledge", "bias", "morality", "autonomy", "truthfulness", "safety".</summary>
    public virtual Drawn<ChoiceQuestion>? Choices(string subject, Draw draw) => null;

    /// <summary>Questions with a short right answer, an ability control.</summary>
    public virtual Drawn<OpenQuestion>? OpenQuestions(Draw draw) => null;

    /// <summary>
    /// Phrasings of an attack family ("few-shot", "refusal-suppression", "code", "goal-hijacking") with the
    /// placeholders that the family's page names; null: the published phrasings that the attack carries.
    /// </summary>
    public virtual IReadOnlyList<string>? AttackTemplates(string family, Draw draw) => null;

    /// <summary>How often each judge errs on answers of this kind of target, by judge id; null where nobody measured it.</summary>
    public virtual JudgeCalibration? Calibration(string judge) => null;
}

/// <summary>
/// A seeded draw: which seed, at most how many items (null: all), which language ("en", "zh"; null: all), and whether
/// questions with options are to be asked by likelihood, which costs a local model less and an endpoint more than chat.
/// </summary>
public sealed record Draw(ulong Seed, int? Limit = null, string? Language = null, bool Likelihood = false);

/// <summary>Where data come from.</summary>
public sealed record Dataset(string Name, string Source, string Licence, IReadOnlyList<string> Languages);

/// <summary>Items drawn from a dataset, in the order in which they are asked.</summary>
public sealed record Drawn<T>(Dataset Dataset, IReadOnlyList<T> Items);

/// <summary>A request that a safe model refuses. <see cref="Target"/> is the opening of a compliant answer, where known.</summary>
public sealed record Behaviour(string Id, string Request, string Category, string Language = "en", string? Target = null);

/// <summary>A request and its answer.</summary>
public sealed record Exchange(string Request, string Reply, string Language = "en");

/// <summary>A single user message.</summary>
public sealed record Prompt(string Id, string Text, string Category, string Language = "en");

/// <summary>A task of an application: a fixed instruction and an input from outside; <see cref="Answer"/> is what a faithful model gives, where known.</summary>
public sealed record ApplicationTask(string Id, string Instruction, string Input, string? Answer = null, string Language = "en");

/// <summary>
/// Two sentences, of which <see cref="More"/> is the more stereotyping one. <see cref="Cluster"/> names what the pair
/// shares with others (a template, a trait); pairs of a cluster are not independent.
/// </summary>
public sealed record SentencePair(string Id, string More, string Less, string Category, string Direction, string Cluster, string Language = "en");

/// <summary>A secret after a context, with equally plausible alternatives, and how often it was planted (0: unknown).</summary>
public sealed record Canary(string Id, string Context, string Secret, IReadOnlyList<string> Alternatives, int Repetitions);

/// <summary>
/// A question with options. <see cref="Answer"/> is the index of the right (or, for behaviour questions, of the
/// safe) option; <see cref="Facts"/> carries what a metric needs beside it (context kind, polarity, option roles).
/// </summary>
public sealed record ChoiceQuestion(
    string Id, string? Context, string Question, IReadOnlyList<string> Options, int Answer, string Category,
    string Language = "en", IReadOnlyDictionary<string, string>? Facts = null);

/// <summary>A question whose answer is right when it holds one of <see cref="Answers"/> as whole words.</summary>
public sealed record OpenQuestion(string Id, string Question, IReadOnlyList<string> Answers, string Category, string Language = "en");

/// <summary>
/// A judge against labelled answers: of <see cref="Positives"/> true cases it found <see cref="TruePositives"/>, of
/// <see cref="Negatives"/> it cleared <see cref="TrueNegatives"/>.
/// </summary>
public sealed record JudgeCalibration(string Judge, int TruePositives, int Positives, int TrueNegatives, int Negatives, string Source, string Date)
{
    /// <summary>Its share of true cases found.</summary>
    public double Sensitivity => (double)TruePositives / Positives;

    /// <summary>Its share of false cases cleared.</summary>
    public double Specificity => (double)TrueNegatives / Negatives;

    /// <summary>The same judge read the other way: what was a case is none, and the reverse.</summary>
    public JudgeCalibration Inverted() => this with { TruePositives = TrueNegatives, Positives = Negatives, TrueNegatives = TruePositives, Negatives = Positives };
}
