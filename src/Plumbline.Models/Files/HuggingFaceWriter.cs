using System.Text.Json;

namespace Plumbline.Models.Files;

/// <summary>Writes a Hugging Face folder: config.json, model.safetensors and what belongs to the tokenizer.</summary>
public static class HuggingFaceWriter
{
    private static readonly string[] s_companions =
    [
        "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "generation_config.json", "chat_template.jinja", "chat_template.json", "vocab.txt", "vocab.json", "merges.txt", "added_tokens.json",
    ];

    /// <summary>Writes a model that was opened, in whatever format, as a folder. The files of its tokenizer are copied where they lie beside it.</summary>
    /// <param name="model">The model.</param>
    /// <param name="folder">The folder; it is made, and files in it of the names that are written are replaced.</param>
    /// <param name="type">F32, F16 or BF16.</param>
    /// <param name="tensors">Other values for the model's tensors, under the same names and shapes; null for its own.</param>
    /// <exception cref="ModelFileException">A tensor is missing or has another shape, or a file cannot be written.</exception>
    public static void Write(ModelFolder model, string folder, TensorType type, ITensorSource? tensors = null)
    {
        ITensorSource source = tensors ?? model.Tensors;
        ModelTensors view = new(source);
        foreach (TensorInfo own in model.Tensors.Tensors.Values)
        {
            TensorInfo given = source.Find(own.Name);
            if (!given.Shape.SequenceEqual(own.Shape)) throw new ModelFileException($"{folder}: tensor {own.Name} has shape {given.Shape.Show()}, the model {own.Shape.Show()}.");

            // Hugging Face's GPT-2 has its matrices as [in, out], all other formats as [out, in].
            bool turned = model.Config is { Architecture: "gpt2", MatricesInOut: false } && own.Shape.Count == 2 && own.Name.Contains(".h.", StringComparison.Ordinal);
            if (turned && given.Type.IsQuantised()) throw new ModelFileException($"{folder}: tensor {own.Name} is held as {given.Type}; a quantised GPT-2 is not written as a folder, since its matrices would have to be transposed.");
            view.Add(own.Name, own.Name, turned: turned);
        }

        string from = Directory.Exists(model.Path) ? model.Path : Path.GetDirectoryName(Path.GetFullPath(model.Path))!;
        byte[] config = model.Format == ModelFormat.HuggingFace ? WithType(model.Config, type) : ConfigWriter.Write(folder, model.Config, type);
        Write(folder, config, view, type, s_companions.Select(name => Path.Combine(from, name)).Where(File.Exists));
    }

    /// <summary>Writes a folder from its parts.</summary>
    /// <param name="folder">The folder; it is made, and files in it of the names that are written are replaced.</param>
    /// <param name="config">config.json, UTF-8.</param>
    /// <param name="tensors">All tensors, under Hugging Face's names.</param>
    /// <param name="type">F32, F16 or BF16.</param>
    /// <param name="companions">Files to copy beside: tokenizer.json and its kin.</param>
    /// <exception cref="ModelFileException">A file cannot be written.</exception>
    public static void Write(string folder, ReadOnlySpan<byte> config, ITensorSource tensors, TensorType type, IEnumerable<string> companions)
    {
        try
        {
            Directory.CreateDirectory(folder);
            foreach (string file in companions)
            {
                string target = Path.Combine(folder, Path.GetFileName(file));
                if (Path.GetFullPath(target) != Path.GetFullPath(file)) File.WriteAllBytes(target, File.ReadAllBytes(file));
            }

            File.WriteAllBytes(Path.Combine(folder, "config.json"), config);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ModelFileException($"{folder}: cannot be written: {e.Message}", e);
        }

        SafetensorsWriter.Write(Path.Combine(folder, "model.safetensors"), tensors, type);
    }

    // The config as it was, but for the type of the weights and what the tensors said of the head.
    private static byte[] WithType(ModelConfig config, TensorType type)
    {
        using MemoryStream stream = new();
        using (Utf8JsonWriter json = new(stream, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartObject();
            foreach (JsonProperty property in config.Raw.EnumerateObject())
            {
                if (property.Name is "torch_dtype" or "dtype") json.WriteString(property.Name, ConfigWriter.TypeName(type));
                else if (property.Name != "tie_word_embeddings") property.WriteTo(json);
            }

            json.WriteBoolean("tie_word_embeddings", config.TieWordEmbeddings);
            json.WriteEndObject();
        }

        return stream.ToArray();
    }
}
