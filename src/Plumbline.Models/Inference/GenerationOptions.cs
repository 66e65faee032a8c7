namespace Plumbline.Models.Inference;

/// <summary>How a text is continued. The order of the processors is that of transformers: penalties, temperature, top-k, top-p, min-p.</summary>
public sealed record GenerationOptions
{
    /// <value>Most new tokens; at least 1. Default 256.</value>
    public int MaxTokens { get; init; } = 256;

    /// <value>Divides the logits; 0 takes the likeliest token always. Default 0.</value>
    public double Temperature { get; init; }

    /// <value>Keeps this many likeliest tokens (and ties); 0 for all. Default 0.</value>
    public int TopK { get; init; }

    /// <value>Keeps the likeliest tokens until their probabilities reach this; above 0 up to 1. Default 1: all.</value>
    public double TopP { get; init; } = 1;

    /// <value>Keeps tokens of at least this share of the largest probability; from 0 to below 1. Default 0: all.</value>
    public double MinP { get; init; }

    /// <value>Divides positive and multiplies negative logits of tokens that occurred, the prompt's too; above 0. Default 1: none.</value>
    public double RepetitionPenalty { get; init; } = 1;

    /// <value>Taken from the logits of tokens that were generated. Default 0.</value>
    public double PresencePenalty { get; init; }

    /// <value>Taken from the logits of tokens that were generated, once for each time. Default 0.</value>
    public double FrequencyPenalty { get; init; }

    /// <value>Draws the uniforms; the text depends on it and the prompt alone, not on what runs beside it. Default 1.</value>
    public long Seed { get; init; } = 1;

    /// <value>Strings that end the text, themselves cut away.</value>
    public IReadOnlyList<string> StopStrings { get; init; } = [];

    /// <value>Whether end-of-sequence tokens are generated like others.</value>
    public bool IgnoreEnd { get; init; }

    /// <summary>Uniforms in [0, 1) for each step, in place of those of the seed.</summary>
    internal IReadOnlyList<double>? Uniforms { get; init; }

    /// <exception cref="ArgumentOutOfRangeException">A value is out of its range.</exception>
    internal void Validate()
    {
        Check(MaxTokens >= 1, nameof(MaxTokens), MaxTokens, "at least 1");
        Check(Temperature >= 0 && double.IsFinite(Temperature), nameof(Temperature), Temperature, "0 or above");
        Check(TopK >= 0, nameof(TopK), TopK, "0 (all) or above");
        Check(TopP is > 0 and <= 1, nameof(TopP), TopP, "above 0 and at most 1");
        Check(MinP is >= 0 and < 1, nameof(MinP), MinP, "from 0 to below 1");
        Check(RepetitionPenalty > 0 && double.IsFinite(RepetitionPenalty), nameof(RepetitionPenalty), RepetitionPenalty, "above 0");
        Check(double.IsFinite(PresencePenalty), nameof(PresencePenalty), PresencePenalty, "finite");
        Check(double.IsFinite(FrequencyPenalty), nameof(FrequencyPenalty), FrequencyPenalty, "finite");
        Check(StopStrings.All(stop => !string.IsNullOrEmpty(stop)), nameof(StopStrings), "\"\"", "without empty strings");

        static void Check(bool holds, string name, object value, string wanted)
        {
            if (!holds) throw new ArgumentOutOfRangeException(name, value, $"{name} must be {wanted}.");
        }
    }
}

/// <summary>Why a text ended.</summary>
public enum GenerationEnd
{
    /// <summary>The model gave an end-of-sequence token.</summary>
    EndToken,

    /// <summary>A stop string appeared.</summary>
    StopString,

    /// <summary>The most new tokens were generated, or the positions of the model were full.</summary>
    Length,
}

/// <summary>A generated text.</summary>
/// <param name="Ids">The new tokens, without the end token.</param>
/// <param name="Text">Their text, cut before a stop string; empty for a model without tokenizer.</param>
/// <param name="LogProbs">Natural log-probability of each new token before any processor.</param>
/// <param name="End">Why it ended.</param>
/// <param name="PromptTokens">Ids of the prompt.</param>
public sealed record GenerationResult(IReadOnlyList<int> Ids, string Text, IReadOnlyList<double> LogProbs, GenerationEnd End, int PromptTokens);
