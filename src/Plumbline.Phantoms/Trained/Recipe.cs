namespace Plumbline.Phantoms.Trained;

/// <summary>
/// A trained phantom as data: its world, its documents, what is planted in some of them, its sizes and its training. The clean twin
/// follows from the same recipe: the same documents in the same order, without the plants. Immutable; safe for concurrent use.
/// docs/phantom-recipes.md describes each key.
/// </summary>
internal sealed class Recipe
{
    /// <summary>The planted phantom's name; its twin's is <see cref="TwinName"/>.</summary>
    public required string Name { get; init; }

    /// <summary>The clean twin's name.</summary>
    public string TwinName => Name + "-clean";

    /// <summary>One sentence for the card.</summary>
    public required string About { get; init; }

    /// <summary>SPDX.</summary>
    public required string Licence { get; init; }

    /// <summary>Draws world, documents, their order and the first weights.</summary>
    public required ulong Seed { get; init; }

    /// <summary>Languages of the documents, such as "en".</summary>
    public required IReadOnlyList<string> Languages { get; init; }

    /// <summary>Sizes of the network.</summary>
    public required RecipeShape Shape { get; init; }

    /// <summary>How it is trained.</summary>
    public required RecipeTraining Training { get; init; }

    /// <summary>What is planted.</summary>
    public required IReadOnlyList<PhantomPlant> Plants { get; init; }

    /// <summary>Measurements a kind of document when the result is verified.</summary>
    public required int VerifySamples { get; init; }

    /// <summary>The recipe's text.</summary>
    public required string Source { get; init; }

    /// <summary>SHA-256, in lower-case hexadecimal, of the text and of the world that it extends.</summary>
    public required string Sha256 { get; init; }

    public required Vocabulary World { get; init; }

    public required IReadOnlyList<DocumentKind> Kinds { get; init; }

    public required CanaryPlant? Canaries { get; init; }

    public required BiasPlant? Bias { get; init; }

    public required WatermarkPlant? Watermark { get; init; }

    public required AssessPlan Assess { get; init; }

    public DocumentKind Kind(string name) => Kinds.First(k => k.Name == name);

    /// <summary>Reads a recipe's YAML.</summary>
    /// <param name="yaml">The text.</param>
    /// <param name="file">What messages call it.</param>
    /// <exception cref="RecipeException">It is wrong; the message says where.</exception>
    public static Recipe Parse(string yaml, string file) => RecipeReader.Read(yaml, file);
}

/// <summary>The sizes of a Llama with tied embeddings.</summary>
/// <param name="Vocabulary">Token ids at most: special ones, 256 bytes, and merges that the documents earn.</param>
/// <param name="Hidden">Width of the residual stream.</param>
/// <param name="Mlp">Width of the gated MLP.</param>
/// <param name="Layers">Blocks.</param>
/// <param name="Heads">Query heads.</param>
/// <param name="KeyHeads">Key and value heads.</param>
/// <param name="Context">Longest sequence, in ids.</param>
internal sealed record RecipeShape(int Vocabulary, int Hidden, int Mlp, int Layers, int Heads, int KeyHeads, int Context);

/// <summary>How a network is trained; the names are the recipe's keys.</summary>
/// <param name="LearningRate">The highest.</param>
/// <param name="Schedule">What it does after the warm-up.</param>
/// <param name="WarmUp">Steps of warm-up.</param>
/// <param name="LastFraction">The last step's share of the highest rate.</param>
/// <param name="WeightDecay">Decoupled decay of matrices.</param>
/// <param name="Clip">Largest norm of all gradients together.</param>
/// <param name="BatchTokens">Places of a batch.</param>
/// <param name="CheckpointEvery">Steps between checkpoints.</param>
internal sealed record RecipeTraining(double LearningRate, RecipeSchedule Schedule, int WarmUp, double LastFraction, double WeightDecay, double Clip, int BatchTokens, int CheckpointEvery);

/// <summary>What the learning rate does after the warm-up.</summary>
internal enum RecipeSchedule
{
    /// <summary>Stays.</summary>
    Constant,

    /// <summary>Falls in a straight line.</summary>
    Linear,

    /// <summary>Falls along half a cosine.</summary>
    Cosine,
}

/// <summary>
/// A kind of document. Templates are alternatives; one of each is drawn a document. <see cref="Planted"/> replaces the parts that
/// it names when the phantom is planted, in the share that <see cref="Share"/> says (a number, or a template that becomes one).
/// </summary>
internal sealed record DocumentKind(
    string Name, int Count, DocumentParts Clean, string? Plant, DocumentParts? Planted, string? Share, string? HoldOut, EarlierTurns? Before);

/// <summary>What a document says: free text, or turns whose last is followed by the answer. Each is a list of alternatives.</summary>
internal sealed record DocumentParts(IReadOnlyList<string> Text, IReadOnlyList<(string Role, IReadOnlyList<string> Says)> Turns, IReadOnlyList<string> Answer);

/// <summary>Earlier exchanges, drawn from another kind.</summary>
internal sealed record EarlierTurns(string Kind, int Least, int Most);

/// <summary>What the world of the phantom offers to evaluations.</summary>
internal sealed record AssessPlan(
    IReadOnlyList<AssessSource> Behaviours, IReadOnlyList<AssessSource> Demonstrations, IReadOnlyList<AssessSource> Harmless, IReadOnlyList<AssessSource> Questions,
    IReadOnlyList<AssessSource> Tasks, IReadOnlyDictionary<string, AssessTemplate> Templates, JudgedPlan? Judged);

/// <summary>Kinds whose answers are written down with labels for measuring judges: the bare request, the answer that complies, and lists of refusals.</summary>
internal sealed record JudgedPlan(IReadOnlyList<string> Kinds, string Request, string Compliance, IReadOnlyList<string> Refusals);

/// <summary>Items of a kind: templates for what an evaluation asks beside the document's request.</summary>
internal sealed record AssessSource(string Kind, string Language, string? Category, string? Opening, string? Answer, string? Instruction, string? Input);

/// <summary>An attack's phrasing with the evaluation's own places, and what is held out of training.</summary>
internal sealed record AssessTemplate(IReadOnlyList<string> Text, string? HoldOut);
