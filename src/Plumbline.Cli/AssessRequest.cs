using System.Globalization;
using Plumbline.Cli.Commands;
using Plumbline.Models.Inference;
using Plumbline.Reports;
using Plumbline.Runs;
using Plumbline.Worlds;

namespace Plumbline.Cli;

/// <summary>What the user asked for, as given; kept in the run so that a resume asks the same. Holds names of environment variables and never a key.</summary>
internal sealed record AssessRequest
{
    public string? Target { get; init; }
    public string? Model { get; init; }
    public string? ApiKeyVariable { get; init; }
    public string Suite { get; init; } = "quick";
    public ulong Seed { get; init; } = 1;
    public int? Limit { get; init; }
    public int? Concurrency { get; init; }
    public int? Threads { get; init; }

    /// <summary>What the process may take with its models on this machine, as given: "512m".</summary>
    public string? Memory { get; init; }

    /// <summary>Most tokens of a text and its answer, for a model on this machine.</summary>
    public int? Context { get; init; }

    /// <summary>The part of <see cref="Memory"/> that this model's process share is, in bytes, where another model runs beside it; null for all of it.</summary>
    public long? MemoryShare { get; init; }

    public IReadOnlyList<string> Gates { get; init; } = [];
    public string? Language { get; init; }
    public double? Timeout { get; init; }
    public int? MaxRetries { get; init; }
    public int? MaxTokens { get; init; }
    public double? Temperature { get; init; }
    public string? System { get; init; }
    public IReadOnlyList<string> Headers { get; init; } = [];
    public string? Prompts { get; init; }
    public long? TokenBudget { get; init; }
    public decimal? MoneyBudget { get; init; }
    public string? Prices { get; init; }
    public string? Judge { get; init; }
    public string? JudgeModel { get; init; }
    public string? JudgeApiKeyVariable { get; init; }

    /// <summary>The file of the judge's measured errors, and its text: a run stays readable when the file is gone.</summary>
    public string? JudgeCalibration { get; init; }

    /// <inheritdoc cref="JudgeCalibration"/>
    public string? JudgeErrors { get; init; }

    /// <summary>A world in which the judge's errors are known, where the user gave them.</summary>
    public World In(World world) => JudgeErrors is { } text ? new CalibratedWorld(world, Instruments.JudgeErrors.Parse(text, JudgeCalibration ?? "the run's judge calibration").Calibration) : world;

    /// <summary>The judge as a target of its own: what names, authorises and shapes the target under test is not handed to it.</summary>
    public AssessRequest ForJudge() => new() { Target = Judge, Model = JudgeModel, ApiKeyVariable = JudgeApiKeyVariable, Threads = Threads, Memory = Memory, Context = Context };

    /// <summary>How a model on this machine is run.</summary>
    public LanguageModelOptions ToModelOptions() => new() { Threads = Threads, MemoryLimit = MemoryShare ?? MemoryOption.Read(Memory), Context = Context };

    /// <summary>How the run treats its target.</summary>
    public RunOptions ToRunOptions(Price? price, Price? judgePrice = null)
    {
        RunOptions options = new();
        return options with
        {
            Concurrency = Concurrency,
            Timeout = Timeout is { } seconds ? TimeSpan.FromSeconds(seconds) : options.Timeout,
            MaxRetries = MaxRetries ?? options.MaxRetries,
            MaxTokens = MaxTokens,
            Temperature = (float)(Temperature ?? 0),
            System = System,
            TokenBudget = TokenBudget,
            MoneyBudget = MoneyBudget,
            Price = price,
            JudgePrice = judgePrice,
        };
    }

    /// <summary>As option names and values, for the store and the report's command line.</summary>
    public IReadOnlyDictionary<string, string> ToOptions()
    {
        SortedDictionary<string, string> options = new(StringComparer.Ordinal);
        Add("target", Target is null ? null : KeptAddress.Of(Target));
        Add("--model", Model);
        Add("--api-key-env", ApiKeyVariable);
        Add("--suite", Suite);
        Add("--seed", Seed.ToString(CultureInfo.InvariantCulture));
        Add("--limit", Limit);
        Add("--concurrency", Concurrency);
        Add("--threads", Threads);
        Add("--memory", Memory);
        Add("--context", Context);
        Add("--gate", Gates.Count == 0 ? null : string.Join('\n', Gates));
        Add("--language", Language);
        Add("--timeout", Timeout);
        Add("--max-retries", MaxRetries);
        Add("--max-tokens", MaxTokens);
        Add("--temperature", Temperature);
        Add("--system", System);
        Add("--header", Headers.Count == 0 ? null : string.Join('\n', Headers));
        Add("--prompts", Prompts);
        Add("--budget-tokens", TokenBudget);
        Add("--budget-money", MoneyBudget);
        Add("--prices", Prices);
        Add("--judge", Judge is null ? null : KeptAddress.Of(Judge));
        Add("--judge-model", JudgeModel);
        Add("--judge-api-key-env", JudgeApiKeyVariable);
        Add("--judge-calibration", JudgeCalibration);
        Add(Report.JudgeErrors, JudgeErrors);
        return options;

        void Add(string name, object? value)
        {
            if (value is not null) options.Add(name, Convert.ToString(value, CultureInfo.InvariantCulture)!);
        }
    }

    /// <summary>Reads what <see cref="ToOptions"/> wrote.</summary>
    public static AssessRequest FromOptions(IReadOnlyDictionary<string, string> options)
    {
        return new()
        {
            Target = Text("target"),
            Model = Text("--model"),
            ApiKeyVariable = Text("--api-key-env"),
            Suite = Text("--suite") ?? "quick",
            Seed = ulong.Parse(Text("--seed") ?? "1", CultureInfo.InvariantCulture),
            Limit = Whole("--limit"),
            Concurrency = Whole("--concurrency"),
            Threads = Whole("--threads"),
            Memory = Text("--memory"),
            Context = Whole("--context"),
            Gates = Many("--gate"),
            Language = Text("--language"),
            Timeout = Number("--timeout"),
            MaxRetries = Whole("--max-retries"),
            MaxTokens = Whole("--max-tokens"),
            Temperature = Number("--temperature"),
            System = Text("--system"),
            Headers = Many("--header"),
            Prompts = Text("--prompts"),
            TokenBudget = Text("--budget-tokens") is { } tokens ? long.Parse(tokens, CultureInfo.InvariantCulture) : null,
            MoneyBudget = Text("--budget-money") is { } money ? decimal.Parse(money, CultureInfo.InvariantCulture) : null,
            Prices = Text("--prices"),
            Judge = Text("--judge"),
            JudgeModel = Text("--judge-model"),
            JudgeApiKeyVariable = Text("--judge-api-key-env"),
            JudgeCalibration = Text("--judge-calibration"),
            JudgeErrors = Text(Report.JudgeErrors),
        };

        string? Text(string name) => options.GetValueOrDefault(name);
        int? Whole(string name) => Text(name) is { } text ? int.Parse(text, CultureInfo.InvariantCulture) : null;
        double? Number(string name) => Text(name) is { } text ? double.Parse(text, CultureInfo.InvariantCulture) : null;
        string[] Many(string name) => Text(name)?.Split('\n') ?? [];
    }
}
