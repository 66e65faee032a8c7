using System.Security.Cryptography;
using Plumbline.Phantoms.Chat;
using Plumbline.Phantoms.Trained;
using Plumbline.Torch;

namespace Plumbline.Cli.Making;

/// <summary>
/// Makes the pair of a recipe below a folder: recipe.yaml, planted/ and clean/ (and judged.jsonl where the recipe asks for it), each an ordinary Hugging Face folder with its card.json; the state
/// of an unfinished training and its loss curve lie in planted.work/ and clean.work/. A killed or cancelled training goes on where its last
/// checkpoint stands; what is finished is not made again. The same recipe, device, thread count and machine give the same bytes.
/// </summary>
internal sealed class PhantomMaker(Recipe recipe, string folder, int threads, string device)
{
    private readonly Lazy<Prepared> _prepared = new(() => Prepare(recipe));

    /// <summary>The tokenizer of both models, and what each is trained on.</summary>
    private sealed record Prepared(ByteLevelBpe Tokenizer, IReadOnlyList<TrainingDocument> Planted, IReadOnlyList<TrainingDocument> Clean);

    /// <summary>The folder of one of the two.</summary>
    public string FolderOf(bool planted) => Path.Combine(folder, planted ? "planted" : "clean");

    /// <summary>Where the state of its training lies, with the loss curve.</summary>
    public string WorkOf(bool planted) => FolderOf(planted) + ".work";

    /// <summary>Trains, writes and verifies both, unless they are there.</summary>
    /// <param name="progress">Told after each step: whose, and where it stands.</param>
    /// <param name="told">Told of each stage in words.</param>
    /// <param name="cancellationToken">Stops between steps.</param>
    public void Run(Action<string, TrainingProgress> progress, Action<string> told, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(folder);
        string copy = Path.Combine(folder, "recipe.yaml");
        if (File.Exists(copy) && File.ReadAllText(copy) != recipe.Source)
            throw new UsageException($"{folder} holds what another recipe, or another version of this one, has made: choose another folder with --out, or delete it.");
        if (!File.Exists(copy)) Replace(copy, recipe.Source);
        foreach (bool planted in (bool[])[true, false])
        {
            string name = planted ? recipe.Name : recipe.TwinName, into = FolderOf(planted);
            if (MadeCard.IsComplete(into, recipe))
            {
                told($"{name} is there: {into}");
                continue;
            }

            Train(planted, p => progress(name, p), cancellationToken);
            told($"{name}: measuring what was planted");
            Verify(planted);
            told($"{name}: {into}");
        }

        string judged = Path.Combine(folder, "judged.jsonl");
        if (recipe.Assess.Judged is { } plan && !File.Exists(judged))
            new LabelledAnswers(recipe).Write(judged, [(recipe.Name, FolderOf(true)), (recipe.TwinName, FolderOf(false))], plan);
    }

    /// <summary>Documents, ids and steps of one of the two, without training.</summary>
    public (LlamaShape Shape, IReadOnlyList<PackedBatch> Batches) Plan(bool planted)
    {
        ByteLevelBpe tokenizer = _prepared.Value.Tokenizer;
        LlamaShape shape = new()
        {
            VocabularySize = tokenizer.VocabularySize,
            HiddenSize = recipe.Shape.Hidden,
            IntermediateSize = recipe.Shape.Mlp,
            Layers = recipe.Shape.Layers,
            Heads = recipe.Shape.Heads,
            KeyValueHeads = recipe.Shape.KeyHeads,
            Context = recipe.Shape.Context,
        };
        int context = shape.Context;
        var documents = new List<TokenDocument>();
        foreach (TrainingDocument document in planted ? _prepared.Value.Planted : _prepared.Value.Clean)
        {
            TokenDocument encoded = document.Text is { } text ? DialogueTokens.Encode(tokenizer, text) : DialogueTokens.Encode(tokenizer, [.. document.Turns.Select(t => (t.Role, t.Content))]);
            if (encoded.Ids.Length > context)
                throw new RecipeException($"{recipe.Name}: a document of the kind '{document.Kind}' has {encoded.Ids.Length} ids, and 'context' is {context}: \"{(document.Text ?? document.Turns[0].Content)[..Math.Min(60, (document.Text ?? document.Turns[0].Content).Length)]}…\". Raise 'context' or 'vocabulary', or shorten it.");
            documents.Add(encoded);
        }

        int[] lengths = [.. ((int[])[context / 4, context / 2, context]).Where(l => l >= 16)];
        return (shape, PackedBatch.Pack(documents, lengths, recipe.Training.BatchTokens, DialogueTokens.Padding));
    }

    private void Train(bool planted, Action<TrainingProgress> progress, CancellationToken cancellationToken)
    {
        (LlamaShape shape, IReadOnlyList<PackedBatch> batches) = Plan(planted);
        string work = Directory.CreateDirectory(WorkOf(planted)).FullName;
        RecipeTraining training = recipe.Training;
        var options = new LlamaTrainerOptions
        {
            Seed = recipe.Seed,
            Threads = threads,
            Device = device,
            LearningRate = training.LearningRate,
            Schedule = training.Schedule switch { RecipeSchedule.Constant => LearningRateSchedule.Constant, RecipeSchedule.Linear => LearningRateSchedule.Linear, _ => LearningRateSchedule.Cosine },
            WarmUpSteps = training.WarmUp,
            LastFraction = training.LastFraction,
            WeightDecay = training.WeightDecay,
            ClipNorm = training.Clip,
            CheckpointPath = Path.Combine(work, "state.safetensors"),
            CheckpointEvery = training.CheckpointEvery,
            LossPath = Path.Combine(work, "loss.csv"),
        };
        using LlamaNetwork network = LlamaTrainer.Train(shape, batches, options, progress: progress, cancellationToken: cancellationToken);
        LlamaFolder.Write(FolderOf(planted), shape, _prepared.Value.Tokenizer, DialogueTokens.Template, network.Export());
    }

    /// <summary>Measures the written weights, which are rounded to 16 bits, and writes the card: its presence says that the rest is whole.</summary>
    public void Verify(bool planted)
    {
        (LlamaNetwork network, ByteLevelBpe tokenizer) = LlamaFolder.Open(FolderOf(planted));
        using (network)
        {
            IReadOnlyList<Plumbline.Phantoms.PhantomFigure> figures = new PhantomVerification(recipe, network, tokenizer).Measure();
            MadeCard.Write(FolderOf(planted), recipe, planted, threads, device, network.Shape.Parameters, planted ? _prepared.Value.Planted : _prepared.Value.Clean, figures);
        }
    }

    private static Prepared Prepare(Recipe recipe)
    {
        IReadOnlyList<TrainingDocument> planted = RecipeCorpus.Generate(recipe, true), clean = RecipeCorpus.Generate(recipe, false);
        IEnumerable<string> texts = planted.Concat(clean).SelectMany(d => d.Text is { } text ? [text] : d.Turns.Select(t => t.Content));
        return new Prepared(ByteLevelBpe.Train(texts, DialogueTokens.Special, recipe.Shape.Vocabulary), planted, clean);
    }

    internal static void Replace(string path, string text)
    {
        string scratch = path + ".part";
        File.WriteAllText(scratch, text);
        File.Move(scratch, path, overwrite: true);
    }

    internal static string Sha256(byte[] bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));
}
