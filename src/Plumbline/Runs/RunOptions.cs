namespace Plumbline.Runs;

/// <summary>How a run treats its target.</summary>
public sealed record RunOptions
{
    /// <summary>Requests under way at once; lowered by itself when the target complains.</summary>
    /// <value>The default is what suits the target.</value>
    public int? Concurrency { get; init; }

    /// <summary>The longest wait for one answer.</summary>
    /// <value>The default is 10 minutes.</value>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Times that a failed request is sent again where that can help.</summary>
    /// <value>The default is 5.</value>
    public int MaxRetries { get; init; } = 5;

    /// <summary>The first wait before a retry; doubles each time, with jitter, up to a minute.</summary>
    /// <value>The default is 1 second.</value>
    public TimeSpan RetryDelay { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Overrides every sample's limit of tokens.</summary>
    public int? MaxTokens { get; init; }

    /// <summary>Sampling temperature.</summary>
    /// <value>The default is 0: greedy.</value>
    public float Temperature { get; init; }

    /// <summary>A system message put before every conversation.</summary>
    public string? System { get; init; }

    /// <summary>Tokens after which no further request is sent.</summary>
    public long? TokenBudget { get; init; }

    /// <summary>Money after which no further request is sent, in the price's currency.</summary>
    public decimal? MoneyBudget { get; init; }

    /// <summary>What a million tokens cost.</summary>
    public Price? Price { get; init; }

    /// <summary>What a million of the judge's tokens cost.</summary>
    public Price? JudgePrice { get; init; }
}

/// <summary>What a million tokens cost.</summary>
public sealed record Price(decimal Input, decimal Output, string Currency)
{
    /// <summary>The price of so many tokens.</summary>
    public decimal Of(long input, long output) => ((Input * input) + (Output * output)) / 1_000_000m;
}

/// <summary>How far a run is.</summary>
public sealed record RunProgress(string Evaluation, int Done, int Total, int AllDone, int AllTotal, OutcomeCounts Outcomes, double? Mean);
