using System.Text.Json;
using Plumbline.Torch;

namespace Plumbline.Recipes;

/// <summary>A trained folder read back as it was written: f16 weights in f32, and the tokenizer.</summary>
internal sealed class ChatFolder : IDisposable
{
    private ChatFolder(string path, LlamaNetwork network, ByteLevelBpe tokenizer) => (Path, Network, Tokenizer) = (path, network, tokenizer);

    public string Path { get; }

    public LlamaNetwork Network { get; }

    public ByteLevelBpe Tokenizer { get; }

    public static ChatFolder Open(string path)
    {
        using JsonDocument config = JsonDocument.Parse(File.ReadAllBytes(System.IO.Path.Combine(path, "config.json")));
        JsonElement root = config.RootElement;
        var shape = new LlamaShape
        {
            VocabularySize = Size("vocab_size"), HiddenSize = Size("hidden_size"), IntermediateSize = Size("intermediate_size"), Layers = Size("num_hidden_layers"), Heads = Size("num_attention_heads"),
            KeyValueHeads = Size("num_key_value_heads"), Context = Size("max_position_embeddings"), RopeTheta = root.GetProperty("rope_theta").GetDouble(), RmsNormEps = root.GetProperty("rms_norm_eps").GetDouble(),
        };
        Dictionary<string, float[]> weights = SafetensorsFile.Read(System.IO.Path.Combine(path, "model.safetensors")).Weights.ToDictionary(w => w.Key, w => w.Value.Values);
        return new ChatFolder(path, LlamaNetwork.Load(shape, weights), ByteLevelBpe.ReadJson(File.ReadAllText(System.IO.Path.Combine(path, "tokenizer.json"))));

        int Size(string name) => root.GetProperty(name).GetInt32();
    }

    public void Dispose() => Network.Dispose();
}
