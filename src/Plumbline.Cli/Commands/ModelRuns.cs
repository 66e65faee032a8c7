using System.CommandLine;
using System.Text.Json;
using Microsoft.Extensions.AI;
using Plumbline.Cli.Serving;
using Plumbline.Models.Files;
using Plumbline.Models.Inference;

namespace Plumbline.Cli.Commands;

/// <summary>The `plumbline model` commands that run the model: score, generate, chat.</summary>
internal static class ModelRuns
{
    public static Command BuildScore(Surroundings surroundings)
    {
        Argument<string> path = ModelCommand.Path();
        Option<string> lines = ModelCommand.Lines("{\"context\",\"continuation\"} (texts or lists of ids)");
        Option<int?> threads = ModelCommand.Threads();
        Option<string?> memory = MemoryOption.Build();
        Option<int?> context = MemoryOption.BuildContext();
        Option<string> weights = ModelCommand.Weights();
        Command command = new("score", "Log-probabilities of continuations: a line {\"logprob\",\"tokens\",\"greedy\"} each. Of a masked model: pseudo-log-likelihoods, each token predicted from both sides.\n\nExample:\n  plumbline model score phantom --jsonl pairs.jsonl") { path, lines, threads, memory, context, weights };
        command.SetAction(async (parsed, cancellation) =>
        {
            string file = parsed.GetValue(lines)!, named = ModelPath.Resolve(parsed.GetValue(path)!);
            bool hidesTokens = IsMasked(named);
            if (hidesTokens && parsed.GetValue(context) is not null) throw new UsageException($"--context bounds texts of causal models; {parsed.GetValue(path)} is a masked one, whose positions bound them.");
            using MaskedScorer? masked = hidesTokens ? ModelCommand.Guarded(() => MaskedScorer.Load(named, parsed.GetValue(threads), MemoryOption.Read(parsed.GetValue(memory)))) : null;
            using LanguageModel? model = masked is null ? ModelCommand.Load(parsed.GetValue(path)!, parsed.GetValue(threads), parsed.GetValue(memory), parsed.GetValue(context), parsed.GetValue(weights)) : null;
            foreach ((int number, JsonElement item) in ModelCommand.Read(file))
            {
                string where = $"{file}, line {number}";
                if (!item.TryGetProperty("context", out JsonElement before) || !item.TryGetProperty("continuation", out JsonElement continuation)) throw new UsageException($"{where}: \"context\" and \"continuation\" are both needed.");
                (double logProb, int tokens, bool greedy) = continuation.ValueKind == JsonValueKind.Array
                    ? await ScoreIdsAsync(model, masked, ModelCommand.Ids(before, where), ModelCommand.Ids(continuation, where), cancellation)
                    : await ScoreTextAsync((ISequenceScorer?)model ?? masked!, ModelCommand.Text(item, "context", file, number), ModelCommand.Text(item, "continuation", file, number), cancellation);
                surroundings.Output.WriteLine(JsonOutput.Line(json =>
                {
                    json.WriteStartObject();
                    if (double.IsFinite(logProb)) json.WriteNumber("logprob", logProb);
                    else json.WriteNull("logprob");
                    json.WriteNumber("tokens", tokens);
                    json.WriteBoolean("greedy", greedy);
                    json.WriteEndObject();
                }));
            }

            return ExitCode.Done;
        });
        return command;
    }

    public static Command BuildGenerate(Surroundings surroundings)
    {
        Argument<string> path = ModelCommand.Path();
        Option<string> file = IdsFile();
        Option<int> most = new("--max-new") { Description = "Most new tokens.", DefaultValueFactory = _ => 40 };
        Option<bool> greedy = new("--greedy") { Description = "The likeliest token always (the default without --temperature)." };
        Option<double> temperature = new("--temperature") { Description = "Divides the logits; 0 is greedy." };
        Option<int> topK = new("--top-k") { Description = "Keeps so many likeliest tokens; 0 for all." };
        Option<double> topP = new("--top-p") { Description = "Keeps the likeliest tokens up to this probability.", DefaultValueFactory = _ => 1 };
        Option<double> minP = new("--min-p") { Description = "Keeps tokens of at least this share of the largest probability." };
        Option<double> penalty = new("--repetition-penalty") { Description = "Divides positive and multiplies negative logits of tokens that occurred.", DefaultValueFactory = _ => 1 };
        Option<string[]> stops = new("--stop") { Description = "A string that ends a text; may be given several times." };
        Option<bool> ignoreEnd = new("--ignore-end") { Description = "End-of-sequence tokens are generated like others." };
        Option<long> seed = new("--seed") { Description = "Seed of the sampling.", DefaultValueFactory = _ => 1 };
        Option<int> beams = new("--beams") { Description = "Beam search over so many texts; the best is given, with its \"logprob\"." };
        Option<double> lengthPenalty = new("--length-penalty") { Description = "Beams are ranked by log-probability over length to this power.", DefaultValueFactory = _ => 1 };
        Option<int?> threads = ModelCommand.Threads();
        Option<string?> memory = MemoryOption.Build();
        Option<int?> context = MemoryOption.BuildContext();
        Option<string> weights = ModelCommand.Weights();
        Command command = new("generate", "Continues ids: a line {\"ids\",\"text\",\"finish\"} each, the new ids only.\n\nExample:\n  plumbline model generate phantom --ids-file ids.json --max-new 40 --greedy") { path, file, most, greedy, temperature, topK, topP, minP, penalty, stops, ignoreEnd, seed, beams, lengthPenalty, threads, memory, context, weights };
        command.SetAction(async (parsed, cancellation) =>
        {
            (int[][] ids, bool[][] mask) = ReadIds(parsed.GetValue(file)!);
            if (parsed.GetValue(greedy) && parsed.GetValue(temperature) > 0) throw new UsageException("--greedy and --temperature contradict each other.");
            if (parsed.GetValue(beams) > 0 && (parsed.GetValue(temperature) > 0 || parsed.GetValue(penalty) != 1 || parsed.GetValue(stops) is { Length: > 0 })) throw new UsageException("--beams searches by the model's own probabilities: it goes with --max-new, --length-penalty and --ignore-end only.");
            using LanguageModel model = ModelCommand.Load(parsed.GetValue(path)!, parsed.GetValue(threads), parsed.GetValue(memory), parsed.GetValue(context), parsed.GetValue(weights));
            if (parsed.GetValue(beams) != 0)
            {
                BeamOptions search = new() { Beams = parsed.GetValue(beams), MaxTokens = parsed.GetValue(most), LengthPenalty = parsed.GetValue(lengthPenalty), IgnoreEnd = parsed.GetValue(ignoreEnd) };
                await SearchAsync(surroundings, model, [.. ids.Select((row, i) => (int[])[.. row.Where((_, at) => mask[i][at])])], search, cancellation);
                return ExitCode.Done;
            }

            GenerationOptions options = new()
            {
                MaxTokens = parsed.GetValue(most),
                Temperature = parsed.GetValue(temperature),
                TopK = parsed.GetValue(topK),
                TopP = parsed.GetValue(topP),
                MinP = parsed.GetValue(minP),
                RepetitionPenalty = parsed.GetValue(penalty),
                StopStrings = parsed.GetValue(stops) ?? [],
                IgnoreEnd = parsed.GetValue(ignoreEnd),
                Seed = parsed.GetValue(seed),
            };
            GenerationResult[] results = await Task.WhenAll(ModelCommand.Guarded<Task<GenerationResult>[]>(() => [.. ids.Select((row, i) => model.GenerateAsync([.. row.Where((_, at) => mask[i][at])], options, null, cancellation))]));
            foreach (GenerationResult result in results)
            {
                surroundings.Output.WriteLine(JsonOutput.Line(json =>
                {
                    json.WriteStartObject();
                    WriteText(json, result.Ids, result.Text, result.End);
                    json.WriteEndObject();
                }));
            }

            return ExitCode.Done;
        });
        return command;
    }

    public static Command BuildChat(Surroundings surroundings)
    {
        Argument<string> path = ModelCommand.Path();
        Option<string?> system = new("--system") { Description = "A system message before the conversation." };
        Option<float> temperature = new("--temperature") { Description = "Sampling temperature; 0 is greedy." };
        Option<int?> threads = ModelCommand.Threads();
        Option<string?> memory = MemoryOption.Build();
        Option<int?> context = MemoryOption.BuildContext();
        Option<string> weights = ModelCommand.Weights();
        Command command = new("chat", "Talks with a model: a line of standard input is a turn; an empty line or the end of input leaves.\n\nExample:\n  plumbline model chat phantom") { path, system, temperature, threads, memory, context, weights };
        command.SetAction(async (parsed, cancellation) =>
        {
            LanguageModel model = ModelCommand.Load(parsed.GetValue(path)!, parsed.GetValue(threads), parsed.GetValue(memory), parsed.GetValue(context), parsed.GetValue(weights));
            using LocalChatClient chat = new(model);
            if (model.Tokenizer is null || model.Template is null) throw new ModelFileException($"{model.Path} has no {(model.Tokenizer is null ? "tokenizer" : "chat template")}, which a chat needs.");
            List<ChatMessage> conversation = parsed.GetValue(system) is { } text ? [new(ChatRole.System, text)] : [];
            while (true)
            {
                await surroundings.Error.WriteAsync("> ");
                await surroundings.Error.FlushAsync(cancellation);
                if (await Console.In.ReadLineAsync(cancellation) is not { Length: > 0 } line) return ExitCode.Done;
                conversation.Add(new(ChatRole.User, line));
                List<ChatResponseUpdate> updates = [];
                await foreach (ChatResponseUpdate update in chat.GetStreamingResponseAsync(conversation, new() { Temperature = parsed.GetValue(temperature) }, cancellation))
                {
                    updates.Add(update);
                    await surroundings.Output.WriteAsync(update.Text);
                    await surroundings.Output.FlushAsync(cancellation);
                }

                await surroundings.Output.WriteLineAsync();
                conversation.Add(new(ChatRole.Assistant, updates.ToChatResponse().Text));
            }
        });
        return command;
    }

    private static async Task SearchAsync(Surroundings surroundings, LanguageModel model, int[][] prompts, BeamOptions options, CancellationToken cancellationToken)
    {
        foreach (int[] prompt in prompts)
        {
            IReadOnlyList<BeamResult> found = await ModelCommand.Guarded(() => model.SearchAsync(prompt, options, cancellationToken));
            BeamResult best = found.Count > 0 ? found[0] : throw new UsageException("The prompt fills the model's positions; nothing can follow it.");
            surroundings.Output.WriteLine(JsonOutput.Line(json =>
            {
                json.WriteStartObject();
                WriteText(json, best.Ids, best.Text, best.End);
                json.WriteNumber("logprob", best.LogProb);
                json.WriteEndObject();
            }));
        }
    }

    private static void WriteText(Utf8JsonWriter json, IReadOnlyList<int> ids, string text, GenerationEnd end)
    {
        json.WriteStartArray("ids");
        foreach (int id in ids) json.WriteNumberValue(id);
        json.WriteEndArray();
        json.WriteString("text", text);
        json.WriteString("finish", end == GenerationEnd.Length ? "length" : "stop");
    }

    private static Option<string> IdsFile() => new("--ids-file") { Description = "JSON {\"ids\": [[…]], \"mask\": [[1, 0, …]]}; the mask may be absent.", Required = true };

    private static (int[][] Ids, bool[][] Mask) ReadIds(string file)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(file));
            if (document.RootElement.ValueKind != JsonValueKind.Object || !document.RootElement.TryGetProperty("ids", out JsonElement list) || list.ValueKind != JsonValueKind.Array || list.GetArrayLength() == 0)
                throw new UsageException($"{file}: it must be an object with \"ids\", a list of lists.");
            int[][] ids = [.. list.EnumerateArray().Select(row => ModelCommand.Ids(row, file))];
            bool[][] mask = document.RootElement.TryGetProperty("mask", out JsonElement given) && given.ValueKind == JsonValueKind.Array
                ? [.. given.EnumerateArray().Select(row => (bool[])[.. ModelCommand.Ids(row, file).Select(m => m != 0)])]
                : [.. ids.Select(row => Enumerable.Repeat(true, row.Length).ToArray())];
            return mask.Length == ids.Length && mask.Zip(ids).All(p => p.First.Length == p.Second.Length) ? (ids, mask) : throw new UsageException($"{file}: \"mask\" must have the shape of \"ids\".");
        }
        catch (JsonException e)
        {
            throw new UsageException($"{file}: no valid JSON: {e.Message}");
        }
    }

    private static bool IsMasked(string path)
    {
        using ModelFolder folder = ModelFolder.Open(path);
        return !folder.Config.Causal;
    }

    private static async Task<(double LogProb, int Tokens, bool Greedy)> ScoreIdsAsync(LanguageModel? model, MaskedScorer? masked, int[] context, int[] continuation, CancellationToken cancellationToken)
    {
        if (masked is not null)
        {
            SequenceScore both = ModelCommand.Guarded(() => masked.Score(context, continuation, cancellationToken));
            return (both.LogProb, both.Tokens, both.Greedy);
        }

        TokenScore score = (await ModelCommand.Guarded(() => model!.ScoreAsync([new TokenQuery(context, continuation)], cancellationToken)))[0];
        return (score.LogProb, score.TokenLogProbs.Count, score.Greedy);
    }

    private static async Task<(double LogProb, int Tokens, bool Greedy)> ScoreTextAsync(ISequenceScorer model, string context, string continuation, CancellationToken cancellationToken)
    {
        SequenceScore score = (await model.ScoreAsync([new SequenceQuery(context, continuation)], cancellationToken))[0];
        return (score.LogProb, score.Tokens, score.Greedy);
    }
}
