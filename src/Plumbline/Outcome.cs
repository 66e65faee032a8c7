namespace Plumbline;

/// <summary>What became of a sample. The five are never mixed: only scored and refused samples enter a rate.</summary>
public enum Outcome
{
    /// <summary>The answer was judged.</summary>
    Scored,

    /// <summary>The target declined: in its words, through a refusal field, or through a content filter.</summary>
    Refused,

    /// <summary>There is an answer, but it cannot be judged: empty, garbled, off the subject, or cut before it says anything.</summary>
    Unparsable,

    /// <summary>There is no answer: network, rate limit, protocol, a stream that broke off, a judge that failed.</summary>
    Errored,

    /// <summary>Nothing was asked: the target lacks what the evaluation needs, or the budget was spent.</summary>
    Skipped,
}

/// <summary>How many samples ended in each outcome.</summary>
public readonly record struct OutcomeCounts(int Scored, int Refused, int Unparsable, int Errored, int Skipped)
{
    /// <summary>All samples.</summary>
    public int Total => Scored + Refused + Unparsable + Errored + Skipped;

    /// <summary>The samples that a figure rests on.</summary>
    public int Judged => Scored + Refused;

    /// <summary>These counts with one more sample.</summary>
    public OutcomeCounts Plus(Outcome outcome) => outcome switch
    {
        Outcome.Scored => this with { Scored = Scored + 1 },
        Outcome.Refused => this with { Refused = Refused + 1 },
        Outcome.Unparsable => this with { Unparsable = Unparsable + 1 },
        Outcome.Errored => this with { Errored = Errored + 1 },
        _ => this with { Skipped = Skipped + 1 },
    };

    /// <summary>Counts the outcomes of records.</summary>
    public static OutcomeCounts Of(IEnumerable<SampleRecord> records) =>
        records.Aggregate(default(OutcomeCounts), (counts, record) => counts.Plus(record.Outcome));
}
