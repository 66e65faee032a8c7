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
        (LlamaNetwork network, ByteLevelBpe tokenizer) = LlamaFolder.Open(path);
        return new ChatFolder(path, network, tokenizer);
    }

    public void Dispose() => Network.Dispose();
}
