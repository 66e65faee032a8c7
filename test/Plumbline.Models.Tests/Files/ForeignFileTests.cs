using Plumbline.Models.Files;
using Plumbline.Tests;

namespace Plumbline.Models.Tests.Files;

public sealed class ForeignFileTests : IDisposable
{
    private const string Pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345\n";
    private readonly string _folder = Directory.CreateTempSubdirectory("plumbline-foreign-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("model.safetensors", Pointer, "git lfs pull")]
    [InlineData("config.json", Pointer, "git lfs pull")]
    [InlineData("model.gguf", Pointer, "git lfs pull")]
    [InlineData("model.bin", Pointer, "git lfs pull")]
    [InlineData("model.safetensors", "<!DOCTYPE html><html><body>404</body></html>", "web page")]
    [InlineData("model.gguf", "\n<html>Sign in</html>", "web page")]
    [InlineData("config.json", "<!doctype html>", "web page")]
    [InlineData("model.bin", "\u0000\u0001nothing of the kind", "neither")]
    [InlineData("model.bin", "PK\u0003\u0004", "safetensors")]
    public void A_file_that_is_something_else_is_called_what_it_is(string name, string content, string says)
    {
        string path = Path.Combine(_folder, name);
        File.WriteAllText(path, content);
        if (name == "model.safetensors") File.Copy(Golden.Path("golden", "models", "llama-gqa-tied", "config.json"), Path.Combine(_folder, "config.json"));
        ModelFileException e = Assert.Throws<ModelFileException>(() => ModelFolder.Open(path));
        Assert.Contains(says, e.Message, StringComparison.OrdinalIgnoreCase);
        Assert.Contains(name, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_not_there_is_said()
    {
        Assert.Contains("no such file", Assert.Throws<ModelFileException>(() => ModelFolder.Open(Path.Combine(_folder, "absent"))).Message, StringComparison.Ordinal);
        Assert.Contains("config.json", Assert.Throws<ModelFileException>(() => ModelFolder.Open(_folder)).Message, StringComparison.Ordinal);
    }

    /// <summary>tie_word_embeddings is true, the file has another head: Hugging Face warns and uses the head.</summary>
    [Fact]
    public void A_head_beside_tied_embeddings_is_used_with_a_warning_unless_it_is_the_same()
    {
        using (ModelFolder tied = ModelFolder.Open(Golden.Path("golden", "models", "llama-gqa-tied")))
        {
            foreach (bool same in new[] { true, false })
            {
                TensorSet set = new("memory");
                foreach (TensorInfo tensor in tied.Tensors.Tensors.Values) set.Add(tensor.Name, tensor.Type, tensor.Shape, tied.Tensors.Bytes(tensor.Name).ToArray());
                byte[] head = tied.Tensors.Bytes("model.embed_tokens.weight").ToArray();
                if (!same) head[0] ^= 1;
                set.Add("lm_head.weight", TensorType.F32, [288, 32], head);
                File.Copy(Path.Combine(tied.Path, "config.json"), Path.Combine(_folder, "config.json"), overwrite: true);
                SafetensorsWriter.Write(Path.Combine(_folder, "model.safetensors"), set);
                using ModelFolder model = ModelFolder.Open(_folder);
                Assert.Equal(same, model.Config.TieWordEmbeddings);
                Assert.Equal(!same, model.Tensors.Tensors.ContainsKey("lm_head.weight"));
                if (same) Assert.Empty(model.Warnings);
                else Assert.Contains("tie_word_embeddings", Assert.Single(model.Warnings), StringComparison.Ordinal);
            }
        }
    }

    [Fact]
    public void A_single_file_beside_an_index_is_read_with_a_warning()
    {
        string source = Golden.Path("golden", "models", "llama-gqa-tied");
        foreach (string name in new[] { "config.json", "model.safetensors" }) File.Copy(Path.Combine(source, name), Path.Combine(_folder, name));
        File.WriteAllText(Path.Combine(_folder, "model.safetensors.index.json"), """{"weight_map": {"model.norm.weight": "model-00001-of-00002.safetensors"}}""");
        using ModelFolder model = ModelFolder.Open(_folder);
        Assert.Contains("index", Assert.Single(model.Warnings), StringComparison.Ordinal);
        Assert.Equal(TokenizerKind.None, model.Tokenizer.Kind);
    }

    [Fact]
    public void Chat_templates_are_found_where_they_lie()
    {
        string source = Golden.Path("golden", "models", "llama-gqa-tied");
        foreach (string name in new[] { "config.json", "model.safetensors" }) File.Copy(Path.Combine(source, name), Path.Combine(_folder, name));
        void Write(string name, string text) => File.WriteAllText(Path.Combine(_folder, name), text);
        string? Template()
        {
            using ModelFolder model = ModelFolder.Open(_folder);
            return model.ChatTemplate;
        }

        Assert.Null(Template());
        Write("tokenizer_config.json", """{"chat_template": "one"}""");
        Assert.Equal("one", Template());
        Write("tokenizer_config.json", """{"chat_template": [{"name": "default", "template": "two"}, {"name": "tool_use", "template": "three"}]}""");
        Assert.Equal("two", Template());
        Write("chat_template.jinja", "four");
        Assert.Equal("four", Template());
        Write("tokenizer_config.json", """{"chat_template": 5}""");
        Assert.Contains("chat_template", Assert.Throws<ModelFileException>(() => ModelFolder.Open(_folder)).Message, StringComparison.Ordinal);
    }
}
