namespace Plumbline;

/// <summary>What a target gave for one request.</summary>
public sealed record Answer
{
    /// <summary>The visible text, without reasoning.</summary>
    public string Text { get; init; } = "";

    /// <summary>Reasoning that the target gave beside its answer; never judged.</summary>
    public string? Reasoning { get; init; }

    /// <summary>The API's refusal field, or the name of the filter that blocked the answer.</summary>
    public string? Refusal { get; init; }

    /// <summary>Whether the token limit cut the answer.</summary>
    public bool Cut { get; init; }

    /// <summary>What a judge model said about this answer; null where none was asked.</summary>
    public Judgement? Judgement { get; init; }

    /// <summary>Log-likelihoods, for requests that asked for them.</summary>
    public IReadOnlyList<SequenceScore> Scores { get; init; } = [];

    /// <summary>Tokens read and written; null where the target does not say.</summary>
    public long? InputTokens { get; init; }

    /// <inheritdoc cref="InputTokens"/>
    public long? OutputTokens { get; init; }

    /// <summary>Seconds from sending to the last byte, retries included.</summary>
    public double Seconds { get; init; }

    /// <summary>Requests sent for it, retries included; 0 when it came from the run's own journal.</summary>
    public int Attempts { get; init; } = 1;

    /// <summary>Oddities that were tolerated, e.g. a stream without a finish reason.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];
}

/// <summary>A scorer's verdict on an answer. <see cref="Value"/> is in the metric's own unit, usually 0 or 1; null unless <see cref="Outcome.Scored"/> or <see cref="Outcome.Refused"/>.</summary>
public sealed record Score(Outcome Outcome, double? Value = null, string? Label = null, string? Reason = null, IReadOnlyDictionary<string, double>? Parts = null)
{
    /// <summary>Judged with a value.</summary>
    public static Score Of(double value, string? label = null, IReadOnlyDictionary<string, double>? parts = null) => new(Outcome.Scored, value, label, null, parts);

    /// <summary>The target declined; <paramref name="value"/> is what that counts as.</summary>
    public static Score Refused(double value = 0, string? reason = null) => new(Outcome.Refused, value, "refused", reason);

    /// <summary>The answer cannot be judged.</summary>
    public static Score Unparsable(string reason) => new(Outcome.Unparsable, null, "unparsable", reason);
}
