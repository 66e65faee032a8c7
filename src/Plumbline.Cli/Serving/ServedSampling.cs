namespace Plumbline.Cli.Serving;

/// <summary>How the next tokens are chosen, in the API's words; both kinds of completion share it.</summary>
/// <param name="MaxTokens">Most new tokens; null for as many as the context holds.</param>
/// <param name="Temperature">From 0 (greedy) to 2; the API's default is 1.</param>
/// <param name="TopP">From 0 to 1.</param>
/// <param name="Seed">Null for one of the server's own.</param>
/// <param name="Stops">Texts that end the answer.</param>
/// <param name="PresencePenalty">From -2 to 2.</param>
/// <param name="FrequencyPenalty">From -2 to 2.</param>
internal sealed record ServedSampling(int? MaxTokens, double Temperature, double TopP, long? Seed, IReadOnlyList<string> Stops, double PresencePenalty, double FrequencyPenalty)
{
    private const double HighestTemperature = 2, HighestPenalty = 2;

    // A share of 0 keeps the likeliest token alone, as does the smallest one above it.
    private const double SmallestShare = 1e-9;

    /// <param name="body">The request.</param>
    /// <param name="leastTokens">1, or 0 where a prompt may be scored without an answer.</param>
    public static ServedSampling Read(RequestBody body, int leastTokens) => new(
        (int?)(body.Whole("max_completion_tokens", leastTokens, int.MaxValue) ?? body.Whole("max_tokens", leastTokens, int.MaxValue)),
        body.Number("temperature", 0, HighestTemperature) ?? 1,
        Math.Max(SmallestShare, body.Number("top_p", 0, 1) ?? 1),
        body.Whole("seed", long.MinValue, long.MaxValue),
        body.Stops(),
        body.Number("presence_penalty", -HighestPenalty, HighestPenalty) ?? 0,
        body.Number("frequency_penalty", -HighestPenalty, HighestPenalty) ?? 0);
}
