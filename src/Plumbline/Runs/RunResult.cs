namespace Plumbline.Runs;

/// <summary>What a run was, for whoever wants to repeat it.</summary>
public sealed record RunHeader
{
    /// <summary>Sortable by time, unique on this machine.</summary>
    public required string Id { get; init; }
    public required DateTimeOffset Started { get; init; }
    public required string Target { get; init; }

    /// <summary>What the target was at the time: file hash, or the model name and address of an endpoint.</summary>
    public required string Fingerprint { get; init; }
    public required string World { get; init; }
    public required string Suite { get; init; }

    /// <summary>The suite as resolved, in YAML, so that a resumed run asks the same.</summary>
    public required string SuiteText { get; init; }
    public required ulong Seed { get; init; }
    public int? Limit { get; init; }
    public string? Language { get; init; }

    /// <summary>The command's options by name, for resuming and for the report; never a key.</summary>
    public IReadOnlyDictionary<string, string> Options { get; init; } = new Dictionary<string, string>();

    /// <summary>Versions of product, runtime, operating system, processor.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();
}

/// <summary>A host that was contacted, and how often.</summary>
public sealed record HostContact(string Host, long Requests);

/// <summary>What a run cost.</summary>
public sealed record RunCost(long Requests, long Retries, long InputTokens, long OutputTokens, long RequestsOfUnknownUsage, decimal? Money, string? Currency);

/// <summary>A finished (or cut-short) run with its figures: all that a report shows, examples excepted, which are read from the store.</summary>
public sealed record RunResult
{
    public required RunHeader Header { get; init; }
    public required IReadOnlyList<EvaluationCard> Evaluations { get; init; }
    public required IReadOnlyList<Metric> Metrics { get; init; }
    public required IReadOnlyList<Finding> Findings { get; init; }
    public required IReadOnlyList<GateResult> Gates { get; init; }
    public required IReadOnlyList<HostContact> Hosts { get; init; }
    public required RunCost Cost { get; init; }
    public required double Seconds { get; init; }

    /// <summary>Things the reader should know: learnt endpoint quirks, budgets spent, cut answers and the option that raises the limit.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>Whether the run was cancelled before its end; it can be resumed.</summary>
    public bool Cancelled { get; init; }

    /// <summary>Examples to show: a few records of each evaluation and outcome, worst first.</summary>
    public IReadOnlyList<SampleRecord> Examples { get; init; } = [];

    /// <summary>The clean twin's result, where a phantom pair was assessed.</summary>
    public RunResult? Twin { get; init; }
}
