using System.CommandLine;
using System.Text;
using System.Text.Json;
using Plumbline.Cli.Serving;
using Plumbline.Models.Files;
using Plumbline.Models.Inference;
using Plumbline.Models.Templates;
using Plumbline.Models.Tokenizers;

namespace Plumbline.Cli.Commands;

/// <summary>`plumbline model`: looks into a model's files and runs it, one step at a time.</summary>
internal static class ModelCommand
{
    public static Command Build(Surroundings surroundings)
    {
        Command command = new("model", """
            Looks into a model's files and runs it. PATH is phantom, phantom:NAME, a GGUF file, a Hugging Face folder, or
            (for tokenize and detokenize) a tokenizer.json. Data goes to standard output, everything else to standard error.

            Examples:
              plumbline model info phantom --json
              plumbline model tokenize ./model.gguf --jsonl texts.jsonl
              plumbline model generate ./model --ids-file ids.json --max-new 40 --greedy
              plumbline model convert ./model --to gguf --type f16 --out ./converted
            """);
        command.Subcommands.Add(ModelFiles.BuildInfo(surroundings));
        command.Subcommands.Add(ModelHooks.BuildHooks(surroundings));
        command.Subcommands.Add(ModelText.BuildTokenize(surroundings));
        command.Subcommands.Add(ModelText.BuildDetokenize(surroundings));
        command.Subcommands.Add(ModelText.BuildTemplate(surroundings));
        command.Subcommands.Add(ModelHooks.BuildLogits());
        command.Subcommands.Add(ModelHooks.BuildActivations(surroundings));
        command.Subcommands.Add(ModelRuns.BuildScore(surroundings));
        command.Subcommands.Add(ModelRuns.BuildGenerate(surroundings));
        command.Subcommands.Add(ModelRuns.BuildChat(surroundings));
        command.Subcommands.Add(ModelFiles.BuildConvert(surroundings));
        return command;
    }

    internal static Argument<string> Path() => new("path") { Description = "phantom, phantom:NAME, a GGUF file or a Hugging Face folder." };

    internal static Option<string> Lines(string what) => new("--jsonl") { Description = $"A file with a line {what} each; - reads standard input.", Required = true };

    internal static Option<int?> Threads()
    {
        Option<int?> threads = new("--threads") { Description = "Threads of the model." };
        threads.Validators.Add(result =>
        {
            if (!result.Errors.Any() && result.GetValueOrDefault<int?>() is < 1 or > 1024) result.AddError("--threads must be from 1 to 1024.");
        });
        return threads;
    }

    /// <summary>Runs something over a model's files; what its readers find wrong is an error of the model.</summary>
    internal static T Guarded<T>(Func<T> run)
    {
        try
        {
            return run();
        }
        catch (Exception e) when (e is TokenizerFormatException or TokenizationException or ChatTemplateException)
        {
            throw new ModelFileException(e.Message, e);
        }
        catch (ArgumentException e)
        {
            throw new UsageException(e.Message);
        }
    }

    internal static Option<string> Weights()
    {
        Option<string> weights = new("--weights") { Description = "as-file (exact), or bf16: what would be held in f32 is rounded, in half the memory.", DefaultValueFactory = _ => "as-file" };
        weights.AcceptOnlyFromAmong("as-file", "bf16");
        return weights;
    }

    internal static LanguageModel Load(string named, int? threads, string? memory, int? context, string? weights) => Guarded(() => LanguageModel.Load(ModelPath.Resolve(named), new LanguageModelOptions
    {
        Threads = threads,
        MemoryLimit = MemoryOption.Read(memory),
        Context = context,
        Weights = weights == "bf16" ? HeldWeights.BF16 : HeldWeights.AsFile,
    }));

    /// <summary>The objects of a file of JSON lines; a bad line is named by its number.</summary>
    internal static IEnumerable<(int Line, JsonElement Item)> Read(string file)
    {
        using StreamReader reader = file == "-" ? new StreamReader(Console.OpenStandardInput(), new UTF8Encoding(false)) : new StreamReader(file, new UTF8Encoding(false));
        for (int number = 1; reader.ReadLine() is { } line; number++)
        {
            if (string.IsNullOrWhiteSpace(line)) continue;
            JsonDocument document;
            try
            {
                document = JsonDocument.Parse(line);
            }
            catch (JsonException e)
            {
                throw new UsageException($"{file}, line {number}: no valid JSON: {e.Message}");
            }

            using (document)
            {
                if (document.RootElement.ValueKind != JsonValueKind.Object) throw new UsageException($"{file}, line {number}: a line must be a JSON object.");
                yield return (number, document.RootElement);
            }
        }
    }

    internal static string Text(JsonElement item, string name, string file, int line) => item.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String
        ? LoneSurrogates.Text(value)
        : throw new UsageException($"{file}, line {line}: \"{name}\" must be a text.");

    internal static int[] Ids(JsonElement list, string where)
    {
        if (list.ValueKind != JsonValueKind.Array) throw new UsageException($"{where}: ids must be a list of integers.");
        return [.. list.EnumerateArray().Select(id => id.ValueKind == JsonValueKind.Number && id.TryGetInt32(out int value) && value >= 0 ? value : throw new UsageException($"{where}: {id.GetRawText()} is no id; ids are integers from 0."))];
    }
}
