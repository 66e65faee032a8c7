namespace Plumbline.Torch.Tests;

[Collection("torch")]
public sealed class LlamaFolderTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("plumbline-folder-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Write_ThenOpen_GivesTheNetworkRoundedToHalf()
    {
        ByteLevelBpe tokenizer = ByteLevelBpe.Train(["a cat", "a dog"], DialogueTokens.Special, 300);
        LlamaShape shape = new() { VocabularySize = tokenizer.VocabularySize, HiddenSize = 16, IntermediateSize = 32, Layers = 1, Heads = 2, KeyValueHeads = 1, Context = 32 };
        using LlamaNetwork network = LlamaNetwork.Initialise(shape, 1);
        LlamaFolder.Write(_folder, shape, tokenizer, DialogueTokens.Template, network.Export());
        (LlamaNetwork read, ByteLevelBpe same) = LlamaFolder.Open(_folder);
        using (read)
        {
            Assert.Equal(shape, read.Shape);
            Assert.Equal(tokenizer.Encode("a cat and a dog"), same.Encode("a cat and a dog"));
            foreach ((NamedWeight wrote, NamedWeight got) in network.Export().Zip(read.Export())) Assert.Equal(wrote.Values.Select(v => (float)(Half)v), got.Values);
        }
    }

    /// <summary>The folder of the shipped chat phantom, written again, has its bytes.</summary>
    [Fact]
    public void Write_ShippedChatPhantom_GivesItsBytes()
    {
        DirectoryInfo? at = new(AppContext.BaseDirectory);
        while (at is not null && !Directory.Exists(Path.Combine(at.FullName, "phantoms", "chat", "planted"))) at = at.Parent;
        Assert.SkipWhen(at is null, "needs the repository");
        string shipped = Path.Combine(at!.FullName, "phantoms", "chat", "planted");
        (LlamaNetwork network, ByteLevelBpe tokenizer) = LlamaFolder.Open(shipped);
        using (network) LlamaFolder.Write(_folder, network.Shape, tokenizer, DialogueTokens.Template, network.Export());
        foreach (string file in (string[])["config.json", "generation_config.json", "tokenizer_config.json", "tokenizer.json", "model.safetensors"])
            Assert.Equal(File.ReadAllBytes(Path.Combine(shipped, file)), File.ReadAllBytes(Path.Combine(_folder, file)));
    }

    [Fact]
    public void Encode_Dialogue_CountsTheLastTurnAlone()
    {
        ByteLevelBpe tokenizer = ByteLevelBpe.Train(["hello"], DialogueTokens.Special, 300);
        TokenDocument document = DialogueTokens.Encode(tokenizer, [("user", "hi"), ("tool", "no"), ("assistant", "yes")]);
        int[] answer = [.. document.Ids.Where((_, i) => document.Counted[i])];
        Assert.Equal([.. tokenizer.Encode("yes"), DialogueTokens.End], answer);
        Assert.Equal(document.Ids[..^answer.Length], DialogueTokens.Prompt(tokenizer, [("user", "hi"), ("tool", "no")]));
        Assert.Throws<ArgumentException>(() => DialogueTokens.Prompt(tokenizer, [("judge", "x")]));
    }
}
