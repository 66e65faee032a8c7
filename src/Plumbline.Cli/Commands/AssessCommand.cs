using System.CommandLine;
using Plumbline.Instruments;
using Plumbline.Runs;

namespace Plumbline.Cli.Commands;

/// <summary>`plumbline assess`: points at a model and comes back with a report.</summary>
internal static class AssessCommand
{
    public static Command Build(Surroundings surroundings)
    {
        Argument<string?> target = new("target")
        {
            Description = "phantom, phantom:NAME, a GGUF file, a Hugging Face folder, hf:ORGANISATION/NAME[@REVISION] from the Hugging Face cache, http://host:port/v1, or ollama:NAME. Without one: the built-in phantom and its clean twin, side by side.",
            Arity = ArgumentArity.ZeroOrOne,
        };
        Option<string?> model = new("--model") { Description = "The model's name at an endpoint." };
        Option<string?> key = new("--api-key-env") { Description = "The environment variable that holds the endpoint's key." };
        Option<string> suite = new("--suite") { Description = "quick, standard, full, or a YAML file.", DefaultValueFactory = _ => "quick" };
        Option<ulong> seed = new("--seed") { Description = "Draws items, names, templates, order and samples.", DefaultValueFactory = _ => 1 };
        Option<int?> limit = Positive<int?>("--limit", "At most so many samples an evaluation.");
        Option<int?> concurrency = Positive<int?>("--concurrency", "Requests under way at once; lowered by itself when the target complains.");
        Option<int?> threads = Positive<int?>("--threads", "Threads for a model on this machine.");
        Option<string?> memory = MemoryOption.Build();
        Option<int?> context = MemoryOption.BuildContext();
        Option<string[]> gates = new("--gate") { Description = "A bound, e.g. \"jailbreak.asr upper <= 0.05\". Repeatable; exit code 3 where one does not hold." };
        Option<string?> language = new("--language") { Description = "Ask only in this language, and write the report in it: en or zh." };
        language.AcceptOnlyFromAmong("en", "zh");
        Option<double?> timeout = Positive<double?>("--timeout", "Seconds to wait for an answer.");
        Option<int?> retries = new("--max-retries") { Description = "Times that a failed request is sent again." };
        Option<int?> tokens = Positive<int?>("--max-tokens", "The longest answer.");
        Option<double?> temperature = new("--temperature") { Description = "Sampling temperature; 0 is greedy." };
        Option<string?> system = new("--system") { Description = "A system message before every conversation: the text, or @FILE." };
        Option<string[]> headers = new("--header") { Description = "\"Name: ENVIRONMENT_VARIABLE\": an extra header whose value the variable holds. Repeatable." };
        Option<string?> prompts = new("--prompts") { Description = "Your own prompts, a line {\"prompt\": …} each, as a dataset beside the suite." };
        Option<long?> tokenBudget = Positive<long?>("--budget-tokens", "Stop asking after so many tokens.");
        Option<decimal?> moneyBudget = Positive<decimal?>("--budget-money", "Stop asking after so much money (needs a price).");
        Option<string?> prices = new("--prices") { Description = "A YAML file with a price a million tokens, by model." };
        Option<string?> judge = new("--judge") { Description = "A model that judges the answers to harmful requests beside the rules (StrongREJECT's rubric): an address, ollama:NAME or a model file." };
        Option<string?> judgeModel = new("--judge-model") { Description = "The judge's name at its endpoint." };
        Option<string?> judgeErrors = new("--judge-calibration") { Description = "The judge's measured errors, a file of `judge check --write`: its figures are corrected for them." };
        Option<string?> judgeKey = new("--judge-api-key-env") { Description = "The environment variable that holds the judge's key." };
        Option<string?> folder = new("--out") { Description = "The run's folder. Default: plumbline-runs/ID." };
        Option<bool> json = new("--json") { Description = "One JSON object on standard output." };
        Option<bool> quiet = new("--quiet") { Description = "No progress; the verdict only." };
        Option<bool> dry = new("--dry-run") { Description = "What would be sent: requests, tokens, money. Nothing is sent." };
        Option<bool> download = HubOption.Build();
        Command command = new("assess", """
            Assesses a model and writes a report (HTML, JSON, Markdown, JUnit, SARIF) into the run's folder.

            Examples:
              plumbline assess
              plumbline assess phantom --seed 7
              plumbline assess ./SmolLM2-135M-Instruct.Q4_1.gguf --suite quick
              plumbline assess hf:HuggingFaceTB/SmolLM2-135M-Instruct --download
              plumbline assess https://host/v1 --model NAME --api-key-env KEY --dry-run
              plumbline assess https://host/v1 --model NAME --judge https://judge/v1 --judge-model JUDGE --judge-api-key-env JUDGE_KEY
              plumbline assess ollama:llama3.2 --gate "over-refusal.refusal_rate upper <= 0.1"
            """)
        {
            target, model, key, suite, seed, limit, concurrency, threads, memory, context, gates, language, timeout, retries, tokens, temperature, system, headers, prompts,
            tokenBudget, moneyBudget, prices, judge, judgeModel, judgeKey, judgeErrors, folder, json, quiet, dry, download,
        };
        command.SetAction(async (parsed, cancellation) =>
        {
            AssessRequest request = new()
            {
                Target = parsed.GetValue(target),
                Model = parsed.GetValue(model),
                ApiKeyVariable = parsed.GetValue(key),
                Suite = parsed.GetValue(suite)!,
                Seed = parsed.GetValue(seed),
                Limit = parsed.GetValue(limit),
                Concurrency = parsed.GetValue(concurrency),
                Threads = parsed.GetValue(threads),
                Memory = parsed.GetValue(memory),
                Context = parsed.GetValue(context),
                Gates = parsed.GetValue(gates) ?? [],
                Language = parsed.GetValue(language),
                Timeout = parsed.GetValue(timeout),
                MaxRetries = parsed.GetValue(retries),
                MaxTokens = parsed.GetValue(tokens),
                Temperature = parsed.GetValue(temperature),
                System = parsed.GetValue(system) is ['@', .. string file] ? File.ReadAllText(file) : parsed.GetValue(system),
                Headers = parsed.GetValue(headers) ?? [],
                Prompts = parsed.GetValue(prompts),
                TokenBudget = parsed.GetValue(tokenBudget),
                MoneyBudget = parsed.GetValue(moneyBudget),
                Prices = parsed.GetValue(prices),
                Judge = parsed.GetValue(judge),
                JudgeModel = parsed.GetValue(judgeModel),
                JudgeApiKeyVariable = parsed.GetValue(judgeKey),
                JudgeCalibration = parsed.GetValue(judgeErrors),
            };
            if (request.JudgeCalibration is { } errors) request = WithErrors(request, errors);
            if (parsed.GetValue(dry) && parsed.GetValue(download)) throw new UsageException("--dry-run sends nothing and fetches nothing: leave --download away; what it counts needs the model in the cache.");
            IReadOnlyList<HostContact> contacted = await HubOption.FetchAsync(request.Target, parsed.GetValue(download), surroundings, parsed.GetValue(quiet), cancellation);
            AssessmentSession session = new(request, surroundings, parsed.GetValue(json), parsed.GetValue(quiet)) { Contacted = contacted };
            return await (parsed.GetValue(dry) ? session.RehearseAsync(cancellation) : session.StartAsync(parsed.GetValue(folder), cancellation));
        });
        return command;
    }

    /// <summary>The request with the errors of its judge; those of another judge correct nothing.</summary>
    private static AssessRequest WithErrors(AssessRequest request, string file)
    {
        if (request.Judge is null) throw new UsageException("--judge-calibration goes with --judge ADDRESS.");
        JudgeErrors errors = JudgeCommand.Load(file);
        return errors.Model == JudgeCommand.NameOf(request)
            ? request with { JudgeErrors = errors.ToJson() }
            : throw new UsageException($"{file} holds the errors of the judge '{errors.Model}', not of '{JudgeCommand.NameOf(request)}': measure this one with `plumbline judge check --write FILE`.");
    }

    private static Option<T> Positive<T>(string name, string description)
    {
        Option<T> option = new(name) { Description = description };
        option.Validators.Add(result =>
        {
            if (result.Errors.Any()) return;
            if (result.GetValueOrDefault<T>() is IConvertible value && value.ToDouble(null) <= 0) result.AddError($"{name} must be above 0.");
        });
        return option;
    }
}
