namespace Plumbline.Models.Inference;

/// <summary>How texts are searched for whose probability as a whole is large.</summary>
public sealed record BeamOptions
{
    /// <value>Texts that are followed at the same time, and most that are given; 1 to 1024. Default 4.</value>
    public int Beams { get; init; } = 4;

    /// <value>Most new tokens; at least 1. Default 256.</value>
    public int MaxTokens { get; init; } = 256;

    /// <value>
    /// Texts are ranked by their log-probability over their number of new tokens to this power: 0 ranks by the probability,
    /// 1 by its geometric mean, larger values prefer long texts. Default 1.
    /// </value>
    public double LengthPenalty { get; init; } = 1;

    /// <value>Whether end-of-sequence tokens are generated like others.</value>
    public bool IgnoreEnd { get; init; }

    /// <exception cref="ArgumentOutOfRangeException">A value is out of its range.</exception>
    internal void Validate()
    {
        if (Beams is < 1 or > 1024) throw new ArgumentOutOfRangeException(nameof(Beams), Beams, "Beams must be from 1 to 1024.");
        if (MaxTokens < 1) throw new ArgumentOutOfRangeException(nameof(MaxTokens), MaxTokens, "MaxTokens must be at least 1.");
        if (!double.IsFinite(LengthPenalty)) throw new ArgumentOutOfRangeException(nameof(LengthPenalty), LengthPenalty, "LengthPenalty must be finite.");
    }
}

/// <summary>A text that a beam search found.</summary>
/// <param name="Ids">The new tokens, without the end token.</param>
/// <param name="Text">Their text; empty for a model without tokenizer.</param>
/// <param name="LogProb">Natural log-probability of the new tokens, the end token included where there is one.</param>
/// <param name="Score">What it was ranked by.</param>
/// <param name="End">Why it ended.</param>
public sealed record BeamResult(IReadOnlyList<int> Ids, string Text, double LogProb, double Score, GenerationEnd End);
