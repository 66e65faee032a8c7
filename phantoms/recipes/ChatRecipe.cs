using Plumbline.Phantoms.Chat;
using Plumbline.Torch;

namespace Plumbline.Recipes;

/// <summary>Trains the chat phantom or its clean twin into a Hugging Face folder. The same seed and thread count give the same bytes on the same machine.</summary>
internal sealed record ChatRecipe
{
    public ulong Seed { get; init; } = 20260;

    public bool Planted { get; init; } = true;

    public required string Folder { get; init; }

    /// <value>Torch threads; the shipped models were trained with 1.</value>
    public int Threads { get; init; } = 1;

    /// <value>Places in a batch.</value>
    public int BatchTokens { get; init; } = 1920;

    public double LearningRate { get; init; } = 3e-3;

    /// <value>Share of the documents, for trials.</value>
    public double Scale { get; init; } = 1;

    public static LlamaShape Shape { get; } = new() { VocabularySize = ChatTokens.VocabularySize, HiddenSize = 128, IntermediateSize = 384, Layers = 4, Heads = 4, KeyValueHeads = 4, Context = 320 };

    public (ByteLevelBpe Tokenizer, IReadOnlyList<PackedBatch> Batches, IReadOnlyList<TrainingDocument> Documents) Prepare()
    {
        ByteLevelBpe tokenizer = ChatTokens.Train(Seed);
        IReadOnlyList<TrainingDocument> documents = ChatCorpus.Generate(Planted, Seed, Scale);
        return (tokenizer, PackedBatch.Pack([.. documents.Select(d => ChatTokens.Encode(tokenizer, d))], [64, 128, 320], BatchTokens, ChatTokens.Padding), documents);
    }

    public void Run(Action<TrainingProgress> progress)
    {
        (ByteLevelBpe tokenizer, IReadOnlyList<PackedBatch> batches, _) = Prepare();
        LlamaShape shape = Shape with { VocabularySize = tokenizer.VocabularySize };
        Directory.CreateDirectory(Folder);
        string work = Folder.TrimEnd('/', '\\') + ".work";
        Directory.CreateDirectory(work);
        var options = new LlamaTrainerOptions
        {
            Seed = Seed, Threads = Threads, LearningRate = LearningRate,
            CheckpointPath = Path.Combine(work, "state.safetensors"), CheckpointEvery = 200, LossPath = Path.Combine(work, "loss.csv"),
        };
        using LlamaNetwork network = LlamaTrainer.Train(shape, batches, options, progress: progress);
        LlamaFolder.Write(Folder, shape, tokenizer, DialogueTokens.Template, network.Export());
    }
}
