using System.Text.Json;
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

    public (ByteLevelBpe Tokenizer, IReadOnlyList<TokenBatch> Batches, IReadOnlyList<TrainingDocument> Documents) Prepare()
    {
        ByteLevelBpe tokenizer = ChatTokens.Train(Seed);
        IReadOnlyList<TrainingDocument> documents = ChatCorpus.Generate(Planted, Seed, Scale);
        return (tokenizer, TokenBatch.Pack([.. documents.Select(d => ChatTokens.Encode(tokenizer, d))], [64, 128, 320], BatchTokens, ChatTokens.Padding), documents);
    }

    public void Run(Action<TrainingProgress> progress)
    {
        (ByteLevelBpe tokenizer, IReadOnlyList<TokenBatch> batches, _) = Prepare();
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
        SafetensorsFile.Write(Path.Combine(Folder, "model.safetensors"), network.Export(), half: true, new Dictionary<string, string> { ["format"] = "pt" });
        File.WriteAllText(Path.Combine(Folder, "tokenizer.json"), tokenizer.WriteJson());
        WriteConfiguration(Folder, shape);
    }

    public static void WriteConfiguration(string folder, LlamaShape shape)
    {
        Write("config.json", json =>
        {
            json.WriteStartArray("architectures");
            json.WriteStringValue("LlamaForCausalLM");
            json.WriteEndArray();
            json.WriteBoolean("attention_bias", false);
            json.WriteNumber("attention_dropout", 0.0);
            json.WriteNumber("bos_token_id", ChatTokens.Begin);
            json.WriteNumber("eos_token_id", ChatTokens.End);
            json.WriteNumber("head_dim", shape.HeadSize);
            json.WriteString("hidden_act", "silu");
            json.WriteNumber("hidden_size", shape.HiddenSize);
            json.WriteNumber("initializer_range", 0.02);
            json.WriteNumber("intermediate_size", shape.IntermediateSize);
            json.WriteNumber("max_position_embeddings", shape.Context);
            json.WriteBoolean("mlp_bias", false);
            json.WriteString("model_type", "llama");
            json.WriteNumber("num_attention_heads", shape.Heads);
            json.WriteNumber("num_hidden_layers", shape.Layers);
            json.WriteNumber("num_key_value_heads", shape.KeyValueHeads);
            json.WriteNumber("pad_token_id", ChatTokens.Padding);
            json.WriteNumber("rms_norm_eps", shape.RmsNormEps);
            json.WriteNull("rope_scaling");
            json.WriteNumber("rope_theta", shape.RopeTheta);
            json.WriteBoolean("tie_word_embeddings", true);
            json.WriteString("torch_dtype", "float16");
            json.WriteBoolean("use_cache", true);
            json.WriteNumber("vocab_size", shape.VocabularySize);
        });
        Write("generation_config.json", json =>
        {
            json.WriteNumber("bos_token_id", ChatTokens.Begin);
            json.WriteNumber("eos_token_id", ChatTokens.End);
            json.WriteNumber("pad_token_id", ChatTokens.Padding);
            json.WriteBoolean("do_sample", false);
            json.WriteNumber("max_new_tokens", 64);
        });
        Write("tokenizer_config.json", json =>
        {
            json.WriteString("tokenizer_class", "PreTrainedTokenizerFast");
            json.WriteString("bos_token", ChatTokens.Special[ChatTokens.Begin]);
            json.WriteString("eos_token", ChatTokens.Special[ChatTokens.End]);
            json.WriteString("pad_token", ChatTokens.Special[ChatTokens.Padding]);
            json.WriteBoolean("add_bos_token", false);
            json.WriteBoolean("clean_up_tokenization_spaces", false);
            json.WriteNumber("model_max_length", shape.Context);
            json.WriteString("chat_template", ChatTokens.Template);
        });

        void Write(string file, Action<Utf8JsonWriter> body)
        {
            using var stream = new MemoryStream();
            using (var json = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true, NewLine = "\n", Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
            {
                json.WriteStartObject();
                body(json);
                json.WriteEndObject();
            }

            File.WriteAllBytes(Path.Combine(folder, file), [.. stream.ToArray(), (byte)'\n']);
        }
    }
}
