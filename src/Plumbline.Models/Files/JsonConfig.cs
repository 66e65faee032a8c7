using System.Text.Json;
using Plumbline.Models.Architectures;

namespace Plumbline.Models.Files;

/// <summary>Reads Hugging Face's config.json into a <see cref="ModelConfig"/>, by the family that it names.</summary>
internal static class JsonConfig
{
    public static ModelConfig Read(string path, JsonElement json)
    {
        ConfigKeys keys = new(path, json);
        Architecture architecture = Family(keys, json);
        if (keys.Has("quantization_config")) throw keys.Fault("quantization_config", "says that the weights are quantised by another library, with scales that are not known here; use the unquantised model or a GGUF");
        ModelConfig config = architecture.Read(keys);
        return config with
        {
            WordEmbeddingSize = config.WordEmbeddingSize == 0 ? config.HiddenSize : config.WordEmbeddingSize,
            BosId = keys.Id("bos_token_id"),
            EosIds = keys.Ids("eos_token_id"),
            PadId = config.PadId ?? (keys.Element("pad_token_id") is { ValueKind: JsonValueKind.Number } pad && pad.TryGetInt32(out int id) && id < 0 ? null : keys.Id("pad_token_id")),
            Raw = json,
        };
    }

    private static Architecture Family(ConfigKeys keys, JsonElement json)
    {
        string? type = keys.Text("model_type");
        if (type is null && keys.Element("architectures") is { ValueKind: JsonValueKind.Array } list && list.GetArrayLength() > 0 && list[0].ValueKind == JsonValueKind.String)
        {
            // "LlamaForCausalLM" and its like.
            string name = list[0].GetString()!;
            int end = new[] { "For", "Model", "LMHead" }.Select(part => name.IndexOf(part, StringComparison.Ordinal)).Where(at => at > 0).DefaultIfEmpty(name.Length).Min();
            type = KnownArchitectures.All.FirstOrDefault(a => a.ClassName == name[..end])?.ModelType ?? name;
        }

        if (type is null) throw keys.Fault("model_type", "is missing, and architectures too; what the model is cannot be known");
        if (KnownArchitectures.Find(type) is { } architecture) return architecture;
        string remote = json.TryGetProperty("auto_map", out _) ? " Its auto_map names code that comes with the model; such code is never run." : "";
        throw keys.Fault("model_type", $"{TensorLookup.Quote(type)} is not supported. Supported are {KnownArchitectures.Names}.{remote} Nothing is guessed");
    }
}
