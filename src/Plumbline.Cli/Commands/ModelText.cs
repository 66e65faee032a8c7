using System.Buffers;
using System.CommandLine;
using System.Text.Json;
using Plumbline.Cli.Serving;
using Plumbline.Models.Files;
using Plumbline.Models.Inference;
using Plumbline.Models.Templates;
using Plumbline.Models.Tokenizers;

namespace Plumbline.Cli.Commands;

/// <summary>The `plumbline model` commands that need no weights: tokenize, detokenize, template.</summary>
internal static class ModelText
{
    public static Command BuildTokenize(Surroundings surroundings)
    {
        Argument<string> path = ModelCommand.Path();
        Option<string> lines = ModelCommand.Lines("{\"text\"}");
        Option<string> special = new("--special") { Description = "parse: the strings of special tokens become those tokens; plain: they stay text.", DefaultValueFactory = _ => "parse" };
        special.AcceptOnlyFromAmong("parse", "plain");
        Option<bool> add = new("--add-special") { Description = "Adds the start and end tokens that the tokenizer asks for." };
        Command command = new("tokenize", "Texts to ids: a line {\"ids\",\"tokens\",\"offsets\"} each, offsets in code points.\n\nExample:\n  plumbline model tokenize phantom --jsonl texts.jsonl --special plain") { path, lines, special, add };
        command.SetAction(parsed =>
        {
            Tokenizer tokenizer = Open(parsed.GetValue(path)!, surroundings);
            EncodeOptions options = new() { AddSpecial = parsed.GetValue(add), ParseSpecial = parsed.GetValue(special) == "parse" };
            string file = parsed.GetValue(lines)!;
            foreach ((int number, JsonElement item) in ModelCommand.Read(file))
            {
                string text = ModelCommand.Text(item, "text", file, number);
                TokenEncoding encoding = ModelCommand.Guarded(() => tokenizer.EncodeFull(text, null, options));
                surroundings.Output.WriteLine(JsonOutput.Line(json =>
                {
                    json.WriteStartObject();
                    json.WriteStartArray("ids");
                    foreach (int id in encoding.Ids) json.WriteNumberValue(id);
                    json.WriteEndArray();
                    json.WriteStartArray("tokens");
                    foreach (string token in encoding.Tokens) json.WriteStringValue(token);
                    json.WriteEndArray();
                    json.WriteStartArray("offsets");
                    foreach (TokenSpan span in encoding.Spans)
                    {
                        json.WriteStartArray();
                        json.WriteNumberValue(span.Start);
                        json.WriteNumberValue(span.End);
                        json.WriteEndArray();
                    }

                    json.WriteEndArray();
                    json.WriteEndObject();
                }));
            }

            return ExitCode.Done;
        });
        return command;
    }

    public static Command BuildDetokenize(Surroundings surroundings)
    {
        Argument<string> path = ModelCommand.Path();
        Option<string> lines = ModelCommand.Lines("{\"ids\"}");
        Option<bool> keep = new("--keep-special") { Description = "Special tokens appear in the text." };
        Command command = new("detokenize", "Ids to texts: a line {\"text\"} each.\n\nExample:\n  plumbline model detokenize phantom --jsonl ids.jsonl --keep-special") { path, lines, keep };
        command.SetAction(parsed =>
        {
            Tokenizer tokenizer = Open(parsed.GetValue(path)!, surroundings);
            string file = parsed.GetValue(lines)!;
            foreach ((int number, JsonElement item) in ModelCommand.Read(file))
            {
                if (!item.TryGetProperty("ids", out JsonElement list)) throw new UsageException($"{file}, line {number}: \"ids\" is missing.");
                int[] ids = ModelCommand.Ids(list, $"{file}, line {number}");
                string text = tokenizer.Decode(ids, parsed.GetValue(keep));
                surroundings.Output.WriteLine(JsonOutput.Line(json =>
                {
                    json.WriteStartObject();
                    json.WriteString("text", text);
                    json.WriteEndObject();
                }));
            }

            return ExitCode.Done;
        });
        return command;
    }

    public static Command BuildTemplate(Surroundings surroundings)
    {
        Argument<string> path = ModelCommand.Path();
        Option<string> lines = ModelCommand.Lines("{\"messages\",\"add_generation_prompt\",\"tools\"}");
        Option<string> named = new("--template") { Description = "Which of the model's templates.", DefaultValueFactory = _ => "default" };
        Command command = new("template", "Conversations to prompts by the model's chat template: a line {\"text\"} or {\"error\"} each.\n\nExample:\n  plumbline model template phantom --jsonl chats.jsonl") { path, lines, named };
        command.SetAction(parsed =>
        {
            using ModelFolder folder = ModelFolder.Open(ModelPath.Resolve(parsed.GetValue(path)!));
            string name = parsed.GetValue(named)!;
            if (!folder.ChatTemplates.TryGetValue(name, out string? source)) throw new ModelFileException($"{folder.Path} has no chat template '{name}'{(folder.ChatTemplates.Count == 0 ? "" : $"; it has {string.Join(", ", folder.ChatTemplates.Keys)}")}.");
            ChatTemplate template = ModelCommand.Guarded(() => ChatTemplate.Parse(source, new ChatTemplateOptions { Clock = surroundings.Clock }));
            Tokenizer? tokenizer = ModelCommand.Guarded(() => LanguageModel.OpenTokenizer(folder));
            foreach ((_, JsonElement item) in ModelCommand.Read(parsed.GetValue(lines)!))
            {
                (string key, string text) = Render(template, WithTokens(item, folder, tokenizer));
                surroundings.Output.WriteLine(JsonOutput.Line(json =>
                {
                    json.WriteStartObject();
                    json.WriteString(key, text);
                    json.WriteEndObject();
                }));
            }

            return ExitCode.Done;
        });
        return command;
    }

    /// <summary>A model's tokenizer, or a tokenizer.json by itself.</summary>
    internal static Tokenizer Open(string named, Surroundings surroundings)
    {
        string path = ModelPath.Resolve(named);
        Tokenizer tokenizer = ModelCommand.Guarded(() =>
        {
            string inside = Path.Combine(path, "tokenizer.json");
            if (path.EndsWith("tokenizer.json", StringComparison.OrdinalIgnoreCase)) return TokenizerJson.Load(path);
            if (File.Exists(inside)) return TokenizerJson.Load(inside);
            using ModelFolder folder = ModelFolder.Open(path);
            return LanguageModel.OpenTokenizer(folder) ?? throw new ModelFileException($"{path} has no tokenizer that is read: put its tokenizer.json beside it.");
        });
        foreach (string warning in tokenizer.Warnings) surroundings.Error.WriteLine(warning);
        return tokenizer;
    }

    private static (string Key, string Text) Render(ChatTemplate template, JsonDocument variables)
    {
        using (variables)
        {
            try
            {
                return ("text", template.Render(variables.RootElement));
            }
            catch (ChatTemplateException e)
            {
                return ("error", e.Message);
            }
        }
    }

    // bos_token and eos_token are the model's own where the line names none.
    private static JsonDocument WithTokens(JsonElement item, ModelFolder folder, Tokenizer? tokenizer)
    {
        ArrayBufferWriter<byte> buffer = new();
        using (Utf8JsonWriter json = new(buffer))
        {
            json.WriteStartObject();
            foreach (JsonProperty property in item.EnumerateObject()) property.WriteTo(json);
            Token("bos_token", folder.Config.BosId);
            Token("eos_token", folder.Config.EosIds.Count > 0 ? folder.Config.EosIds[0] : null);
            if (!item.TryGetProperty("tools", out _)) json.WriteNull("tools");
            json.WriteEndObject();

            void Token(string key, int? id)
            {
                if (id is { } known && tokenizer?.TextOf(known) is { } text && !item.TryGetProperty(key, out _)) json.WriteString(key, text);
            }
        }

        return JsonDocument.Parse(buffer.WrittenMemory);
    }
}
