using System.CommandLine;
using System.Text.Json;
using Plumbline.Cli.Serving;
using Plumbline.Models.Files;
using Plumbline.Models.Hooks;

namespace Plumbline.Cli.Commands;

/// <summary>The `plumbline model` commands that look inside a forward pass: hooks, activations, and the logits at its end.</summary>
internal static class ModelHooks
{
    private const long LongestFile = 1L << 30;

    public static Command BuildHooks(Surroundings surroundings)
    {
        Argument<string> path = ModelCommand.Path();
        Option<bool> json = new("--json") { Description = "A JSON array of {\"name\",\"shape\",\"optional\"}." };
        Option<bool> forks = new("--forks") { Description = "Also the copies of the residual stream that single heads or the MLP read (hook_q_input, hook_mlp_in, …), which exist where a pattern names them." };
        Command command = new("hooks", "Lists every hook in forward order with its symbolic shape. Optional ones exist where a pattern names them.\n\nExample:\n  plumbline model hooks phantom --json") { path, forks, json };
        command.SetAction(parsed =>
        {
            using ModelFolder folder = ModelFolder.Open(ModelPath.Resolve(parsed.GetValue(path)!));
            IReadOnlyList<HookPoint> hooks = HookedTransformer.HooksOf(folder, parsed.GetValue(forks));
            if (!parsed.GetValue(json))
            {
                foreach (HookPoint hook in hooks) surroundings.Output.WriteLine($"{hook.Name} [{string.Join(", ", hook.Shape)}]{(hook.Optional ? " optional" : "")}");
                return ExitCode.Done;
            }

            surroundings.Output.WriteLine(JsonOutput.Write(writer =>
            {
                writer.WriteStartArray();
                foreach (HookPoint hook in hooks)
                {
                    writer.WriteStartObject();
                    writer.WriteString("name", hook.Name);
                    writer.WriteStartArray("shape");
                    foreach (string symbol in hook.Shape) writer.WriteStringValue(symbol);
                    writer.WriteEndArray();
                    writer.WriteBoolean("optional", hook.Optional);
                    writer.WriteEndObject();
                }

                writer.WriteEndArray();
            }));
            return ExitCode.Done;
        });
        return command;
    }

    public static Command BuildActivations(Surroundings surroundings)
    {
        Argument<string> path = ModelCommand.Path();
        Option<string> ids = IdsFile(), target = Out("The safetensors file to write: one tensor a hook, named as it.");
        Option<string> names = new("--names") { Description = "Names or patterns, separated by commas; * stands for any characters, dots too. A pattern that ends in an optional hook's name switches it on.", Required = true };
        Option<int?> threads = ModelCommand.Threads();
        Option<string?> memory = MemoryOption.Build();
        Option<string?> device = Device();
        Command command = new("activations", "Writes the values at hooks as f32, 0 at padding.\n\nExample:\n  plumbline model activations phantom --ids-file ids.json --names \"blocks.*.attn.hook_pattern,*.hook_resid_post\" --out a.safetensors") { path, ids, names, target, threads, memory, device };
        command.SetAction((parsed, cancellation) =>
        {
            string[] patterns = parsed.GetValue(names)!.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
            if (patterns.Length == 0) throw new UsageException("--names is empty: name hooks, for example \"blocks.*.hook_resid_post\". `plumbline model hooks PATH` lists them.");
            (_, IReadOnlyCollection<KeyValuePair<string, HookTensor>> kept) = parsed.GetValue(device) is { } named
                ? TorchForward.Run(ModelPath.Resolve(parsed.GetValue(path)!), ReadIds(parsed.GetValue(ids)!), patterns, named)
                : Run(parsed.GetValue(path)!, parsed.GetValue(ids)!, parsed.GetValue(threads), parsed.GetValue(memory), patterns, cancellation);
            Write(parsed.GetValue(target)!, kept.Select(pair => (pair.Key, pair.Value)));
            surroundings.Error.WriteLine($"{kept.Count} activations written to {parsed.GetValue(target)}");
            return Task.FromResult(ExitCode.Done);
        });
        return command;
    }

    public static Command BuildLogits()
    {
        Argument<string> path = ModelCommand.Path();
        Option<string> ids = IdsFile(), target = Out("The safetensors file to write.");
        Option<int?> threads = ModelCommand.Threads();
        Option<string?> memory = MemoryOption.Build();
        Option<string?> device = Device();
        Command command = new("logits", "Writes `logits` [batch, position, vocabulary] as f32; places under a mask of 0 are 0.\n\nExample:\n  plumbline model logits phantom --ids-file ids.json --out logits.safetensors") { path, ids, target, threads, memory, device };
        command.SetAction((parsed, cancellation) =>
        {
            HookTensor? logits = (parsed.GetValue(device) is { } named
                ? TorchForward.Run(ModelPath.Resolve(parsed.GetValue(path)!), ReadIds(parsed.GetValue(ids)!), [], named)
                : Run(parsed.GetValue(path)!, parsed.GetValue(ids)!, parsed.GetValue(threads), parsed.GetValue(memory), [], cancellation)).Logits;
            Write(parsed.GetValue(target)!, [("logits", logits ?? throw new ModelFileException($"{parsed.GetValue(path)} has no vocabulary head, so no logits; `plumbline model activations` reads what it has."))]);
            return Task.FromResult(ExitCode.Done);
        });
        return command;
    }

    private static Option<string> IdsFile() => new("--ids-file") { Description = "JSON {\"ids\": [[…]], \"mask\": [[1, 0, …]], \"types\": [[0, …]]}; mask and types (BERT's) may be absent.", Required = true };

    private static Option<string> Out(string description) => new("--out") { Description = description, Required = true };

    private static Option<string?> Device() => new("--device") { Description = "Computes with libtorch on cpu, cuda or cuda:N; without it the product's own kernels compute, on the processor." };

    private static (HookTensor? Logits, IReadOnlyCollection<KeyValuePair<string, HookTensor>> Kept) Run(string path, string idsFile, int? threads, string? memory, string[] keep, CancellationToken cancellationToken)
    {
        TokenBatch batch = ReadIds(idsFile);
        using HookedTransformer model = HookedTransformer.Load(ModelPath.Resolve(path), threads, MemoryOption.Read(memory));
        HookedOutput output = ModelCommand.Guarded(() => model.Run(batch, new HookRun { Keep = keep }, cancellationToken));
        return (output.Logits, output.Cache);
    }

    private static void Write(string file, IEnumerable<(string Name, HookTensor Value)> tensors)
    {
        TensorSet set = new(file);
        foreach ((string name, HookTensor value) in tensors) set.Add(name, [.. value.Shape.Select(size => (long)size)], value.Values);
        SafetensorsWriter.Write(file, set);
    }

    private static TokenBatch ReadIds(string file)
    {
        if (new FileInfo(file) is { Exists: true, Length: > LongestFile }) throw new UsageException($"{file} is larger than {LongestFile} bytes; split it.");
        try
        {
            using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(file));
            JsonElement root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object) throw new UsageException($"{file}: it must be an object with \"ids\", a list of lists.");
            return new TokenBatch(Rows(file, root, "ids") ?? throw new UsageException($"{file}: the key \"ids\" is missing."), Rows(file, root, "mask"), Rows(file, root, "types"));
        }
        catch (JsonException e)
        {
            throw new UsageException($"{file}: no valid JSON: {e.Message}");
        }
    }

    private static List<IReadOnlyList<int>>? Rows(string file, JsonElement root, string key)
    {
        if (!root.TryGetProperty(key, out JsonElement rows) || rows.ValueKind == JsonValueKind.Null) return null;
        return rows.ValueKind == JsonValueKind.Array ? [.. rows.EnumerateArray().Select(row => ModelCommand.Ids(row, $"{file}: \"{key}\""))] : throw new UsageException($"{file}: \"{key}\" must be a list of lists.");
    }
}
