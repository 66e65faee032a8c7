using Microsoft.Extensions.AI;

namespace Plumbline;

/// <summary>One question to a target, with the scorer for its answer. Samples are drawn anew on resume: the same seed gives the same ids in the same order.</summary>
public sealed record Sample
{
    /// <summary>Stable within its evaluation, e.g. "few-shot/jbb-17".</summary>
    public required string Id { get; init; }

    /// <summary>The conversation to send; empty for a likelihood sample.</summary>
    public IReadOnlyList<ChatMessage> Messages { get; init; } = [];

    /// <summary>The texts to score; empty for a chat sample.</summary>
    public IReadOnlyList<SequenceQuery> Queries { get; init; } = [];

    /// <summary>The longest answer wanted, in tokens.</summary>
    public int MaxTokens { get; init; } = 256;

    /// <summary>Attack family, where there is one.</summary>
    public string? Family { get; init; }

    /// <summary>What this sample shares with others; samples of a cluster are not independent.</summary>
    public string? Cluster { get; init; }

    /// <summary>A division that the report shows.</summary>
    public string? Category { get; init; }

    /// <summary>"en", "zh", …</summary>
    public string Language { get; init; } = "en";

    /// <summary>
    /// What a judge model is asked about the answer, where the user names one: the engine asks it and hands its reply to
    /// <see cref="Score"/> in <see cref="Answer.Judgement"/>. Null where rules alone decide. Pure.
    /// </summary>
    public Func<Answer, JudgeRequest>? ToJudge { get; init; }

    /// <summary>Judges the answer. Pure; throws only when the judge itself failed, which makes the sample Errored.</summary>
    public required Func<Answer, Score> Score { get; init; }

    /// <summary>The conversation as a reader sees it.</summary>
    public string Prompt => Messages.Count > 0
        ? string.Join("\n\n", Messages.Select(m => Messages.Count == 1 ? m.Text : $"[{m.Role.Value}] {m.Text}"))
        : string.Join("\n", Queries.Select(q => q.Context.Length > 0 ? $"{q.Context}⟨{q.Continuation}⟩" : q.Continuation));
}

/// <summary>A sample's row in a run: what was asked, what came back, what the scorer said.</summary>
public sealed record SampleRecord
{
    public required string Evaluation { get; init; }
    public required string Id { get; init; }
    public string? Family { get; init; }
    public string? Cluster { get; init; }
    public string? Category { get; init; }
    public string Language { get; init; } = "en";
    public string Prompt { get; init; } = "";
    public string Answer { get; init; } = "";
    public required Outcome Outcome { get; init; }
    public double? Value { get; init; }
    public string? Label { get; init; }
    public string? Reason { get; init; }
    public IReadOnlyDictionary<string, double>? Parts { get; init; }
    public bool Cut { get; init; }
    public long? InputTokens { get; init; }
    public long? OutputTokens { get; init; }
    public double Seconds { get; init; }
    public int Attempts { get; init; }
    public IReadOnlyList<string> Warnings { get; init; } = [];
}
