using System.CommandLine;
using System.Security.Cryptography;
using System.Text.Json;
using Plumbline.Cli.Serving;
using Plumbline.Models.Files;
using Plumbline.Models.Inference;
using Plumbline.Models.Tokenizers;

namespace Plumbline.Cli.Commands;

/// <summary>The `plumbline model` commands about files: info, convert.</summary>
internal static class ModelFiles
{
    public static Command BuildInfo(Surroundings surroundings)
    {
        Argument<string> path = ModelCommand.Path();
        Option<bool> json = new("--json") { Description = "One JSON object." };
        Command command = new("info", "Says what a model is: architecture, shapes, parameters, types, tokenizer, template, hash.\n\nExample:\n  plumbline model info ./model.gguf --json") { path, json };
        command.SetAction(parsed =>
        {
            using ModelFolder folder = ModelFolder.Open(ModelPath.Resolve(parsed.GetValue(path)!));
            Tokenizer? tokenizer = ModelCommand.Guarded(() => LanguageModel.OpenTokenizer(folder));
            string[] warnings = [.. folder.Warnings, .. tokenizer?.Warnings ?? []];
            string hash = Hash(folder.Files);
            if (parsed.GetValue(json)) surroundings.Output.WriteLine(JsonOutput.Write(writer => WriteJson(writer, folder, tokenizer, warnings, hash)));
            else WriteText(surroundings.Output, folder, tokenizer, hash);
            foreach (string warning in warnings) surroundings.Error.WriteLine(warning);
            return ExitCode.Done;
        });
        return command;
    }

    public static Command BuildConvert(Surroundings surroundings)
    {
        Argument<string> path = ModelCommand.Path();
        Option<string> to = new("--to") { Description = "safetensors (a Hugging Face folder) or gguf.", Required = true };
        to.AcceptOnlyFromAmong("safetensors", "gguf");
        Option<string> type = new("--type") { Description = "f32, f16, bf16, or q8_0 (gguf).", DefaultValueFactory = _ => "f16" };
        type.AcceptOnlyFromAmong("f32", "f16", "bf16", "q8_0");
        Option<string> folder = new("--out") { Description = "The folder to write into.", Required = true };
        Command command = new("convert", "Writes a model in another format or type.\n\nExample:\n  plumbline model convert phantom --to gguf --type f16 --out ./converted") { path, to, type, folder };
        command.SetAction(parsed =>
        {
            using ModelFolder model = ModelFolder.Open(ModelPath.Resolve(parsed.GetValue(path)!));
            string target = parsed.GetValue(folder)!;
            TensorType held = Enum.Parse<TensorType>(parsed.GetValue(type)!, ignoreCase: true);
            Directory.CreateDirectory(target);
            if (parsed.GetValue(to) == "safetensors")
            {
                HuggingFaceWriter.Write(model, target, held);
                surroundings.Output.WriteLine(target);
                return ExitCode.Done;
            }

            string name = Path.GetFileNameWithoutExtension(Path.TrimEndingDirectorySeparator(Path.GetFullPath(model.Path)));
            string file = Path.Combine(target, $"{name}.{parsed.GetValue(type)}.gguf");
            foreach (string warning in GgufExport.Write(model, file, held, name)) surroundings.Error.WriteLine(warning);
            surroundings.Output.WriteLine(file);
            return ExitCode.Done;
        });
        return command;
    }

    private static void WriteText(TextWriter output, ModelFolder folder, Tokenizer? tokenizer, string hash)
    {
        ModelConfig c = folder.Config;
        output.WriteLine($"architecture  {c.Architecture} ({folder.Format})");
        output.WriteLine($"shapes        {c.Layers} layers, width {c.HiddenSize}, {c.Heads} heads of {c.HeadDimension} ({c.KeyValueHeads} for keys and values), MLP {c.IntermediateSize}, vocabulary {c.VocabularySize}, {c.MaxPositions} positions");
        output.WriteLine($"parameters    {Parameters(folder):N0}");
        output.WriteLine($"types         {string.Join(", ", Types(folder).Select(t => $"{t.Key} x {t.Value}"))}");
        output.WriteLine($"tokenizer     {(tokenizer is null ? "none" : $"{folder.Tokenizer.Kind}, {tokenizer.VocabularySize} tokens")}");
        output.WriteLine($"template      {(folder.ChatTemplates.Count == 0 ? "none" : string.Join(", ", folder.ChatTemplates.Keys))}");
        output.WriteLine($"hash          {hash}");
    }

    private static void WriteJson(Utf8JsonWriter json, ModelFolder folder, Tokenizer? tokenizer, string[] warnings, string hash)
    {
        ModelConfig c = folder.Config;
        json.WriteStartObject();
        json.WriteString("path", folder.Path);
        json.WriteString("format", folder.Format.ToString());
        json.WriteString("architecture", c.Architecture);
        json.WriteStartObject("shapes");
        json.WriteNumber("layers", c.Layers);
        json.WriteNumber("hidden", c.HiddenSize);
        json.WriteNumber("heads", c.Heads);
        json.WriteNumber("kvHeads", c.KeyValueHeads);
        json.WriteNumber("headDimension", c.HeadDimension);
        json.WriteNumber("intermediate", c.IntermediateSize);
        json.WriteNumber("vocabulary", c.VocabularySize);
        json.WriteNumber("positions", c.MaxPositions);
        json.WriteEndObject();
        json.WriteNumber("parameters", Parameters(folder));
        json.WriteStartObject("types");
        foreach ((string name, int count) in Types(folder)) json.WriteNumber(name, count);
        json.WriteEndObject();
        if (tokenizer is null)
        {
            json.WriteNull("tokenizer");
        }
        else
        {
            json.WriteStartObject("tokenizer");
            json.WriteString("kind", folder.Tokenizer.Kind.ToString());
            json.WriteNumber("tokens", tokenizer.VocabularySize);
            json.WriteEndObject();
        }

        json.WriteString("template", folder.ChatTemplate);
        json.WriteString("hash", hash);
        json.WriteStartArray("warnings");
        foreach (string warning in warnings) json.WriteStringValue(warning);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static long Parameters(ModelFolder folder) => folder.Tensors.Tensors.Values.Sum(t => t.Count);

    private static IOrderedEnumerable<KeyValuePair<string, int>> Types(ModelFolder folder) =>
        folder.Tensors.Tensors.Values.CountBy(t => t.Type.ToString()).OrderBy(t => t.Key, StringComparer.Ordinal);

    /// <summary>SHA-256 of the weight files, one after another.</summary>
    private static string Hash(IReadOnlyList<string> files)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] buffer = new byte[1 << 20];
        foreach (string file in files)
        {
            using FileStream stream = File.OpenRead(file);
            for (int read; (read = stream.Read(buffer)) > 0;) hash.AppendData(buffer, 0, read);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
